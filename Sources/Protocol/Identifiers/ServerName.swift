/// A homeserver's name: a DNS name or IP literal with an optional port (spec v1.19, appendices, "Server Name").
public struct ServerName: Identifier {
    /// What an identifier that ends in it can hold; the spec only recommends that own names stay under 230.
    public static let bytesMax = 255
    public let text: ByteOrderedText

    public init?(_ text: String) {
        guard Self.isValid(text.utf8) else { return nil }
        self.text = ByteOrderedText(text)
    }

    /// The name without its port; an IPv6 literal with its brackets.
    public var host: String {
        let name = rawValue
        if name.utf8.first == UInt8(ascii: "[") { return String(name.prefix { $0 != "]" }) + "]" }
        return String(name.prefix { $0 != ":" })
    }

    /// The port; `nil` when the name has none.
    public var port: Int? {
        let rest = rawValue.utf8.dropFirst(host.utf8.count + 1)
        return rest.isEmpty ? nil : Int(String(decoding: rest, as: UTF8.self))
    }

    /// Whether the host is an IP address and no DNS name.
    public var isIPLiteral: Bool {
        let host = host
        if host.utf8.first == UInt8(ascii: "[") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
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
