/// How far a walk over a space has been shown: `h1_<rooms>_<depth>_<suggested only>`.
struct HierarchyToken: Equatable {
    private static let prefix = "h1"

    let returned: Int
    let depth: Int
    let isSuggestedOnly: Bool

    init(returned: Int, depth: Int, isSuggestedOnly: Bool) {
        self.returned = returned
        self.depth = depth
        self.isSuggestedOnly = isSuggestedOnly
    }

    var text: String { "\(Self.prefix)_\(returned)_\(depth)_\(isSuggestedOnly ? 1 : 0)" }

    /// Reads a token; `nil` for anything else.
    init?(_ text: String) {
        let parts = text.utf8.count <= 64 ? text.split(separator: "_", omittingEmptySubsequences: false) : []
        guard parts.count == 4, parts[0].utf8.elementsEqual(Self.prefix.utf8), let returned = Int(parts[1]),
            returned > 0, let depth = Int(parts[2]), depth >= 0, let suggested = Int(parts[3]),
            (0...1).contains(suggested)
        else { return nil }
        self.init(returned: returned, depth: depth, isSuggestedOnly: suggested == 1)
    }
}
