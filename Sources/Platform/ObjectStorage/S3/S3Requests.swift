import Glibc
import NIOCore
import OutboundHTTP

/// Requests to one bucket: signed, sent again when that may help.
struct S3Requests: Sendable {
    /// How often a request is sent at most.
    static let tries = 3
    /// Before the second try; the third waits twice as long.
    static let pause = Duration.milliseconds(200)
    /// The longest one try may take, its body of ``S3ObjectStore/partBytesMax`` included.
    static let tryMax = Duration.seconds(60)
    /// The longest answer that is no object.
    static let answerBytesMax = 256 << 10

    let configuration: S3Configuration
    let client: HTTPClient
    /// Seconds since 1970.
    let clock: @Sendable () -> Int

    struct Request {
        var method: String
        var key: ObjectKey
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body: [UInt8]?
        /// SHA-256 of the body in hexadecimal, when it is known already.
        var bodyDigest: String?

        init(_ method: String, _ key: ObjectKey) {
            self.method = method
            self.key = key
        }
    }

    /// Sends a request and answers with what came, of whatever status below 500.
    func send(_ request: Request) async throws(ObjectStoreError) -> HTTPResponse {
        try await repeating(request) { signed throws(HTTPClientError) in
            let response = try await client.execute(signed, deadline: .now + Self.tryMax)
            return (response, response.status)
        }
    }

    /// Sends a request for an object and answers when its first byte is there.
    func open(_ request: Request) async throws(ObjectStoreError) -> HTTPStreamingResponse {
        try await repeating(request) { signed throws(HTTPClientError) in
            let response = try await client.stream(signed, deadline: .now + Self.tryMax)
            return (response, response.status)
        }
    }

    private func repeating<Response: Sendable>(
        _ request: Request, _ send: (HTTPRequest) async throws(HTTPClientError) -> (Response, Int)
    ) async throws(ObjectStoreError) -> Response {
        var problem = ""
        for number in 0..<Self.tries {
            if number > 0 { await Self.wait(Self.pause * number) }
            do {
                let (response, status) = try await send(signed(request))
                // 5xx: it will not, at the moment; 429 and 503: it asks for patience.
                guard status >= 500 || status == 429 else { return response }
                problem = "status \(status)"
            } catch .badRequest(let why) {
                throw .failed(why)
            } catch .cancelled, .shutDown {
                throw .unavailable("\(request.method) was given up")
            } catch {
                problem = "\(error)"
            }
        }
        throw .unavailable(problem)
    }

    /// Cancelled, the next try says so.
    private static func wait(_ duration: Duration) async { try? await Task.sleep(for: duration) }

    private func signed(_ request: Request) -> HTTPRequest {
        let path = "/\(configuration.bucket)/\(configuration.prefix)\(request.key)"
        let headers = S3Signature(
            region: configuration.region, accessKeyID: configuration.accessKeyID,
            secretAccessKey: configuration.secretAccessKey
        ).headers(
            for: S3Signature.Request(
                method: request.method, path: path, query: request.query, headers: request.headers,
                host: configuration.host,
                bodyDigest: request.bodyDigest ?? S3Signature.digest(request.body ?? [])),
            at: clock())
        let query = request.query.isEmpty ? "" : "?" + S3Signature.query(request.query)
        var signed = HTTPRequest(
            method: request.method, url: configuration.endpoint + path + query, headers: headers, body: request.body,
            responseBytesMax: Self.answerBytesMax)
        signed.stallMax = S3ObjectStore.stallMax
        return signed
    }
}
