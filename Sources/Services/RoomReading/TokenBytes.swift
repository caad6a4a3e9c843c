import Signing

/// A token's bytes: numbers in LEB128, hashes in four bytes.
struct TokenBytes {
    private var bytes: [UInt8] = []
    private var index = 0

    init() {}

    /// Reads what ``text(prefix:)`` makes, at most ``SyncToken/lengthMax`` characters; `nil` for anything else.
    init?(_ text: String, prefix: String) {
        guard text.utf8.count <= SyncToken.lengthMax, text.utf8.starts(with: prefix.utf8),
            let bytes = UnpaddedBase64.decode(text.dropFirst(prefix.count), alphabet: .urlSafe)
        else { return nil }
        self.bytes = bytes
    }

    /// The prefix, and the bytes in base64url.
    func text(prefix: String) -> String { prefix + UnpaddedBase64.encode(bytes, alphabet: .urlSafe) }

    /// Whether everything has been taken.
    var isEmpty: Bool { index == bytes.count }

    mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func append(fixed number: UInt32) {
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// A number that is a position or a count: not negative, in the shortest form.
    mutating func takePosition() -> Int64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            guard index < bytes.count else { return nil }
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return byte == 0 && shift > 0 ? nil : Int64(value) }
        }
        return nil
    }

    mutating func takeFixed() -> UInt32? {
        guard bytes.count - index >= 4 else { return nil }
        defer { index += 4 }
        return bytes[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
