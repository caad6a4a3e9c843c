/// An email address that mail can be sent to, in small letters: people type them either way.
public struct EmailAddress: Sendable, Hashable {
    /// As in RFC 5321.
    static let bytesMax = 254
    static let localBytesMax = 64

    public let text: String

    /// `nil` for what is no address of the plain form `name@domain`; quoted names and other alphabets are not taken.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.bytesMax, parts.count == 2, (1...Self.localBytesMax).contains(parts[0].count),
            Self.isLocal(parts[0]), Self.isDomain(parts[1])
        else { return nil }
        self.text = text.lowercased()
    }

    /// What stands behind the `@`.
    public var domain: String { text.split(separator: "@").last.map(String.init) ?? "" }

    private static func isLocal(_ bytes: Substring.UTF8View) -> Bool {
        bytes.first != UInt8(ascii: ".") && bytes.last != UInt8(ascii: ".")
            && bytes.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~.".utf8.contains($0) }
    }

    private static func isDomain(_ bytes: Substring.UTF8View) -> Bool {
        bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
