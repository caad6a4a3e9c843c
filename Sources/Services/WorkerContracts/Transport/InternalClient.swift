import OutboundHTTP

/// Requests from worker to worker, with the cluster's secret.
public struct InternalClient: Sendable {
    private let http: HTTPClient
    private let authorization: String

    /// - Parameter secret: the cluster secret, printable ASCII.
    public init(http: HTTPClient, secret: String) {
        self.http = http
        authorization = "Apus-Internal \(secret)"
    }

    /// Sends a request to a worker's internal listener.
    ///
    /// - Parameters:
    ///   - address: `host:port`.
    ///   - path: percent-encoded, from `/internal/` on.
    ///   - json: the body, JSON.
    public func send(
        _ method: String, to address: String, path: String, json: [UInt8]? = nil, deadline: ContinuousClock.Instant
    ) async throws(HTTPClientError) -> HTTPResponse {
        try await http.execute(request(method, address, path, json), deadline: deadline)
    }

    /// Opens a response without an end; its headers must come before `deadline`.
    public func stream(
        _ method: String = "GET", from address: String, path: String, json: [UInt8]? = nil,
        deadline: ContinuousClock.Instant
    ) async throws(HTTPClientError) -> HTTPStreamingResponse {
        try await http.stream(request(method, address, path, json), deadline: deadline)
    }

    private func request(_ method: String, _ address: String, _ path: String, _ json: [UInt8]?) -> HTTPRequest {
        var headers = [(name: "Authorization", value: authorization)]
        if json != nil { headers.append(("Content-Type", "application/json")) }
        return HTTPRequest(method: method, url: "http://\(address)\(path)", headers: headers, body: json)
    }
}
