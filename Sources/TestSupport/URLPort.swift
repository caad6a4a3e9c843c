/// The port in a connection URL, so that a proxy can be put in its place.
public struct URLPort: Sendable {
    public let port: UInt16
    private let before: Substring
    private let after: Substring

    /// The last number behind a colon.
    public init?(_ url: String) {
        guard let colon = url.lastIndex(of: ":") else { return nil }
        let rest = url[url.index(after: colon)...]
        let digits = rest.prefix { $0.isNumber }
        guard let port = UInt16(digits) else { return nil }
        (self.port, before, after) = (port, url[...colon], rest.dropFirst(digits.count))
    }

    /// The URL with another port.
    public func replaced(by port: UInt16) -> String { "\(before)\(port)\(after)" }
}
