/// What a `Range` header asks for (RFC 9110, 14.2), as far as it is one part.
enum ByteRange: Sendable, Equatable {
    case whole
    case part(Range<Int64>)
    /// The body has nothing there.
    case outside

    /// Of several parts, or of another form: the whole, as RFC 9110 allows.
    init(_ header: String?, of byteCount: Int64) {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else {
            self = .whole
            return
        }
        let bounds = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, let first = Self.number(bounds[0]), let last = Self.number(bounds[1]),
            first != nil || last != nil
        else {
            self = .whole
            return
        }
        switch (first, last) {
        case (let first?, let last?) where last < first: self = .whole
        case (let first?, let last): self = Self.part(first, min(last ?? .max, byteCount - 1), of: byteCount)
        // Only how many at the end.
        case (nil, let count): self = Self.part(max(0, byteCount - (count ?? 0)), byteCount - 1, of: byteCount)
        }
    }

    private static func part(_ first: Int64, _ last: Int64, of byteCount: Int64) -> ByteRange {
        first < byteCount && first <= last ? .part(first..<last + 1) : .outside
    }

    /// A number, or nothing; `nil` for anything else.
    private static func number(_ text: Substring) -> Int64?? {
        if text.isEmpty { return .some(nil) }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else { return nil }
        return number
    }
}
