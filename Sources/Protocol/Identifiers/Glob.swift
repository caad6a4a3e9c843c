/// A pattern in which `*` stands for any bytes and `?` for one (spec v1.19, appendices, "Glob-style matching").
public struct Glob: Sendable, Equatable {
    private let pattern: [UInt8]

    public init(_ text: String) { pattern = Array(text.utf8) }

    /// Whether the whole of `text` fits; takes time of at most the product of both lengths.
    public func matches(_ text: String) -> Bool {
        let text = Array(text.utf8)
        var (place, at) = (0, 0)
        // Where to go on when what followed the last star does not fit: the star takes one byte more.
        var star: (place: Int, at: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, at)
                place += 1
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == text[at] {
                place += 1
                at += 1
            } else if let last = star {
                star = (last.place, last.at + 1)
                (place, at) = (last.place + 1, last.at + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
