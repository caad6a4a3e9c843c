/// A bucket and who may use it.
public struct S3Configuration: Sendable {
    /// `http:` or `https:` with the host, without a path.
    public let endpoint: String
    public let region: String
    public let bucket: String
    /// Before the objects' names: empty, or with a slash at its end.
    public let prefix: String
    let accessKeyID: String
    let secretAccessKey: String

    /// - Returns: `nil` when endpoint, bucket or prefix cannot be part of a URL as they are.
    public init?(
        endpoint: String, region: String, bucket: String, prefix: String, accessKeyID: String, secretAccessKey: String
    ) {
        var endpoint = endpoint
        while endpoint.utf8.last == UInt8(ascii: "/") { endpoint.removeLast() }
        guard let host = Self.host(of: endpoint), !host.isEmpty, !bucket.isEmpty, bucket.utf8.allSatisfy(Self.isPlain),
            prefix.utf8.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: "/") }), !prefix.hasPrefix("/")
        else { return nil }
        self.endpoint = endpoint
        self.region = region
        self.bucket = bucket
        self.prefix = prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }

    /// What the `Host` header says.
    var host: String { Self.host(of: endpoint).map { String($0) } ?? "" }

    private static func host(of endpoint: String) -> Substring? {
        for scheme in ["https://", "http://"] where endpoint.hasPrefix(scheme) {
            let host = endpoint.dropFirst(scheme.count)
            return host.utf8.allSatisfy { isPlain($0) || ":[]".utf8.contains($0) } ? host : nil
        }
        return nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._".utf8.contains(byte)
        }
    }
}
