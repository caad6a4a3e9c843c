import Crypto
import Glibc

// AWS Signature Version 4: the request in one canonical form, its digest with date and scope, an HMAC of that with a key
// made of the secret, date, region and service. Any server that speaks S3 checks it.

/// Signs requests to S3.
package struct S3Signature {
    let region: String
    let accessKeyID: String
    let secretAccessKey: String

    package init(region: String, accessKeyID: String, secretAccessKey: String) {
        self.region = region
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }

    /// A request as far as it is signed.
    package struct Request {
        let method: String
        /// Encoded, from the first slash on.
        let path: String
        let query: [(name: String, value: String)]
        /// Without `host`, `x-amz-date` and `x-amz-content-sha256`, which are always signed.
        let headers: [(name: String, value: String)]
        let host: String
        /// SHA-256 of the body, in hexadecimal.
        let bodyDigest: String

        package init(
            method: String, path: String, query: [(name: String, value: String)] = [],
            headers: [(name: String, value: String)] = [], host: String, bodyDigest: String
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.host = host
            self.bodyDigest = bodyDigest
        }
    }

    /// The headers to send: those of the request, the date, the body's digest, and the signature.
    ///
    /// - Parameter seconds: since 1970.
    package func headers(for request: Request, at seconds: Int) -> [(name: String, value: String)] {
        let time = Self.time(seconds)
        let day = String(time.prefix(8))
        var headers =
            request.headers
            + [("x-amz-content-sha256", request.bodyDigest), ("x-amz-date", time)]
        let signed = (headers + [("host", request.host)])
            .map { (name: $0.name.lowercased(), value: $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let names = signed.map(\.name).joined(separator: ";")
        let canonical = [
            request.method, request.path, Self.query(request.query),
            signed.map { "\($0.name):\($0.value)\n" }.joined(), names, request.bodyDigest,
        ].joined(separator: "\n")
        let scope = "\(day)/\(region)/s3/aws4_request"
        let text = ["AWS4-HMAC-SHA256", time, scope, Self.digest(Array(canonical.utf8))].joined(separator: "\n")
        let signature = Self.hexadecimal(Self.hmac(key(for: day), text))
        headers.append(
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope),SignedHeaders=\(names),Signature=\(signature)"
            ))
        return headers
    }

    private func key(for day: String) -> [UInt8] {
        [day, region, "s3", "aws4_request"].reduce(Array("AWS4\(secretAccessKey)".utf8)) { Self.hmac($0, $1) }
    }

    /// The query as it is signed and sent: encoded, in order.
    static func query(_ items: [(name: String, value: String)]) -> String {
        items.map { "\(encoded($0.name))=\(encoded($0.value))" }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .joined(separator: "&")
    }

    /// Everything but letters, digits, `-`, `.`, `_` and `~` by its bytes.
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// SHA-256 in hexadecimal.
    package static func digest(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func hmac(_ key: [UInt8], _ text: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }

    /// As `20130524T000000Z`.
    private static func time(_ seconds: Int) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        return "\(parts.tm_year + 1_900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))Z"
    }
}
