import ReplicationLog

/// How far a client of sliding sync has been told of sticky events: `k1_` and base64url.
public struct StickyToken: Sendable, Hashable {
    static let prefix = "k1_"

    public let cut: Cut

    public init(_ cut: Cut) { self.cut = cut }

    public var text: String {
        var bytes = TokenBytes()
        cut.append(to: &bytes)
        return bytes.text(prefix: Self.prefix)
    }

    /// Reads a token; `nil` for anything that is none.
    public init?(_ text: String) {
        guard var input = TokenBytes(text, prefix: Self.prefix) else { return nil }
        guard let cut = Cut(&input), input.isEmpty else { return nil }
        self.cut = cut
    }
}
