import CanonicalJSON
import OutboundHTTP

/// One address that answers Matrix's client API: the router, or a single worker behind it.
public struct Homeserver: Sendable {
    /// The longest a request other than a long poll may take.
    public static let requestDuration = Duration.seconds(30)
    /// The largest answer taken, in bytes: the state of a very large room.
    public static let answerBytesMax = 64 << 20

    /// `http://host:port`, without a slash at the end.
    public let baseURL: String
    let http: HTTPClient

    public init(baseURL: String, http: HTTPClient) {
        self.baseURL = baseURL
        self.http = http
    }

    /// An HTTP client for thousands of requests at once.
    public static func makeHTTP() -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.transfersMax = 8_000
        configuration.connectionsMax = 8_000
        return HTTPClient(configuration: configuration)
    }

    /// Sends a request and returns the answer, of whatever status.
    ///
    /// - Parameter path: path and query, as they go over the wire.
    public func answer(
        _ method: String, _ path: String, body: [UInt8]? = nil, token: String? = nil,
        within duration: Duration = requestDuration
    ) async throws(HTTPClientError) -> HTTPResponse {
        var headers: [(name: String, value: String)] = []
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        if body != nil { headers.append(("Content-Type", "application/json")) }
        return try await http.execute(
            HTTPRequest(
                method: method, url: baseURL + path, headers: headers, body: body,
                responseBytesMax: Self.answerBytesMax),
            deadline: .now + duration)
    }

    /// Sends a request and reads the answer's JSON.
    ///
    /// - Throws: ``ChatFailure`` for everything but a 200 with a JSON object.
    public func call(
        _ method: String, _ path: String, _ body: JSONObject? = nil, token: String? = nil,
        within duration: Duration = requestDuration
    ) async throws(ChatFailure) -> JSONObject {
        let response: HTTPResponse
        do {
            response = try await answer(method, path, body: body?.bytes(), token: token, within: duration)
        } catch {
            throw .broken(error)
        }
        return try Self.object(of: response)
    }

    static func object(of response: HTTPResponse) throws(ChatFailure) -> JSONObject {
        let object: JSONObject?
        do {
            object = try JSONObject.parse(response.body)
        } catch {
            object = nil
        }
        guard response.status == 200 else {
            throw .refused(status: response.status, errcode: object?["errcode"]?.stringValue)
        }
        guard let object else { throw .unreadable }
        return object
    }
}

/// Why a client did not get what it asked for.
public enum ChatFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// An answer other than 200; the code is `nil` when the answer has none, as one of the router's own.
    case refused(status: Int, errcode: String?)
    /// No answer.
    case broken(HTTPClientError)
    /// A 200 whose body is not what the specification says.
    case unreadable

    public var description: String {
        switch self {
        case .refused(let status, let errcode): "\(status) \(errcode ?? "without a code")"
        case .broken(let error): "\(error)"
        case .unreadable: "200 with an unreadable body"
        }
    }
}
