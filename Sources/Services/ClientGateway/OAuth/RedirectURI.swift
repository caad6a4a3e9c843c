/// An absolute URI as clients register them; what browsers and this server might read differently is not taken.
struct RedirectURI: Sendable, Hashable {
    static let bytesMax = 2_048

    let text: String
    let scheme: String
    /// `nil` when no `//` follows the scheme.
    let host: String?
    let port: Int?
    /// Path and query.
    let rest: String

    /// `nil` for a fragment, a user or password, and any character outside of RFC 3986.
    init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed),
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        let scheme = text[..<colon].lowercased()
        guard let first = scheme.utf8.first, (0x61...0x7A).contains(first),
            scheme.utf8.allSatisfy({ Self.isLetterOrDigit($0) || "+-.".utf8.contains($0) })
        else { return nil }
        let after = String(text[text.utf8.index(after: colon)...])
        self.text = text
        self.scheme = scheme
        guard after.hasPrefix("//") else {
            host = nil
            port = nil
            rest = after
            return
        }
        let authority = after.utf8.dropFirst(2).prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard let (host, port) = Self.split(String(Substring(authority))) else { return nil }
        self.host = host
        self.port = port
        rest = String(Substring(after.utf8.dropFirst(2 + authority.count)))
    }

    var isLoopback: Bool { scheme == "http" && ["localhost", "127.0.0.1", "[::1]"].contains(host) }

    /// What a content security policy calls it.
    var origin: String {
        guard let host else { return "\(scheme):" }
        return "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "")
    }

    /// Whether this is `registered`, or the same on whatever port of the loopback interface.
    func matches(_ registered: RedirectURI) -> Bool {
        if text.utf8.elementsEqual(registered.text.utf8) { return true }
        return registered.isLoopback && isLoopback && host == registered.host
            && rest.utf8.elementsEqual(registered.rest.utf8)
    }

    /// This with `parameters`, which are percent-encoded here.
    func with(_ parameters: [(name: String, value: String)], inFragment: Bool) -> String {
        let separator = inFragment ? "#" : rest.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return text + separator + FormText.text(parameters)
    }

    private static func split(_ authority: String) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        let end = authority.lastIndex(of: ":")
        if let end, !authority[end...].contains("]") {
            guard let number = Int(authority[authority.index(after: end)...]), (1...65_535).contains(number) else {
                return nil
            }
            port = number
            host = String(authority[..<end])
        }
        host = host.lowercased()
        let isName = host.utf8.allSatisfy { isLetterOrDigit($0) || "-.".utf8.contains($0) }
        guard !host.isEmpty, isName || host == "[::1]" else { return nil }
        return (host, port)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "-._~:/?[]@!$&'()*+,;=%".utf8.contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
