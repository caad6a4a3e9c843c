/// A user: `@localpart:server` (spec v1.19, appendices, "User Identifiers").
///
/// Parsing accepts the historical grammar, which events of other servers must be accepted with: any characters but `:` and
/// NUL, or none. `isStrict` says whether a new local user may have this ID.
public struct UserID: Identifier {
    public let text: ByteOrderedText
    public let server: ServerName

    public init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.first == UInt8(ascii: "@"),
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            let server = ServerName(String(text[text.utf8.index(after: colon)...])),
            !text.utf8[..<colon].contains(0)
        else { return nil }
        self.text = ByteOrderedText(text)
        self.server = server
    }

    /// Makes the ID of a local user; `nil` unless `localpart` fits the strict grammar.
    public init?(localpart: String, server: ServerName) {
        guard let parsed = Self("@\(localpart):\(server)"), parsed.isStrict else { return nil }
        self = parsed
    }

    public var localpart: String {
        let bytes = text.utf8
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        return String(text.string[bytes.index(after: bytes.startIndex)..<colon])
    }

    /// Whether the localpart is non-empty and of `a-z 0-9 . _ = - / +`.
    public var isStrict: Bool {
        let part = localpart.utf8
        return !part.isEmpty
            && part.allSatisfy { byte in
                byte.isASCIILowercase || byte.isDigit || "._=-/+".utf8.contains(byte)
            }
    }
}
