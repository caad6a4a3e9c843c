/// Cuts a feed's bytes into lines.
struct FeedLines {
    private var rest: [UInt8] = []

    /// The lines that `bytes` complete, without their newlines.
    ///
    /// - Throws: ``ContractError`` when a line is longer than ``FeedMessage/lineBytesMax``.
    mutating func take(_ bytes: [UInt8]) throws(ContractError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            lines.append(rest + piece)
            rest = []
        }
        let start = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        rest.append(contentsOf: bytes[start...])
        guard rest.count <= FeedMessage.lineBytesMax else { throw .invalid(field: "line") }
        return lines
    }
}
