/// A homeserver's name: a DNS name or IP literal with an optional port (spec v1.19, appendices, "Server Name").
public struct ServerName: Identifier {
    /// What an identifier that ends in it can hold; the spec only recommends that own names stay under 230.
    public static let bytesMax = 255
    public let text: ByteOrderedText

    public init?(_ text: String) {
        guard Self.isValid(text.utf8) else { return nil }
        self.text = ByteOrderedText(text)
    }

    private static func isValid(_ bytes: String.UTF8View) -> Bool {
        guard !bytes.isEmpty, bytes.count <= bytesMax else { return false }
        var host = bytes[...]
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let literal = bytes[bytes.index(after: bytes.startIndex)..<close]
            guard (2...45).contains(literal.count), literal.allSatisfy({ $0.isHexDigit || $0 == 0x3A || $0 == 0x2E })
            else { return false }
            let rest = bytes[bytes.index(after: close)...]
            guard let colon = rest.first else { return true }
            return colon == UInt8(ascii: ":") && isPort(rest.dropFirst())
        }
        if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            guard isPort(bytes[bytes.index(after: colon)...]) else { return false }
            host = bytes[..<colon]
        }
        return !host.isEmpty
            && host.allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isPort(_ digits: Substring.UTF8View) -> Bool {
        (1...5).contains(digits.count) && digits.allSatisfy(\.isDigit)
    }
}
