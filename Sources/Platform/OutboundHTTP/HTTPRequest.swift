/// A request to another server.
public struct HTTPRequest: Sendable {
    public var method: String
    /// `http:` or `https:`, absolute.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    /// The longest response body accepted, in bytes.
    public var responseBytesMax: Int
    /// A transfer that brings no byte for so long is given up, but not one that its reader holds back; `nil`: never.
    public var stallMax: Duration?
    /// The host's addresses, instead of asking DNS; they are judged as DNS's are.
    public var addresses: [String]?

    /// A MiB.
    public static let responseBytesMaxDefault = 1 << 20

    public init(
        method: String, url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        responseBytesMax: Int = responseBytesMaxDefault
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.responseBytesMax = responseBytesMax
    }

    /// Whether method, URL and headers cannot break out of their lines.
    var isWellFormed: Bool {
        let texts = [method, url] + headers.flatMap { [$0.name, $0.value] }
        let hasControls = texts.contains { $0.utf8.contains { $0 < 0x20 || $0 == 0x7F } }
        let hasBadName = headers.contains { $0.name.isEmpty || $0.name.utf8.contains { $0 == 0x20 || $0 == 0x3A } }
        let isMethod = !method.isEmpty && method.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        return isMethod && !hasControls && !hasBadName
    }
}
