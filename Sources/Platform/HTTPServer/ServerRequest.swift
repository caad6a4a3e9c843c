import HTTPTypes
import NIOCore

/// A request as handlers see it: matched, its body read within the route's limit, or to be read.
public struct ServerRequest: Sendable {
    public let method: String
    /// The target as sent, path and query.
    public let target: String
    public let route: Route
    /// Percent-decoded path parameters by name.
    public let parameters: [String: String]
    /// Decoded query parameters in order; names may repeat.
    public let query: [(name: String, value: String)]
    public let headers: HTTPFields
    /// Empty when the route's body is streamed.
    public let body: ByteBuffer
    /// The body of a route that has it streamed.
    public let bodyStream: RequestBodyStream?
    /// Taken from the router or made here; in every log line about the request.
    public let requestID: String
    /// The client's address as the router saw it, without port.
    public let clientAddress: String?
    /// When the answer is of no use any more.
    public let deadline: ContinuousClock.Instant

    public init(
        method: String, target: String, route: Route, parameters: [String: String],
        query: [(name: String, value: String)], headers: HTTPFields, body: ByteBuffer,
        bodyStream: RequestBodyStream? = nil, requestID: String, clientAddress: String?,
        deadline: ContinuousClock.Instant
    ) {
        self.method = method
        self.target = target
        self.route = route
        self.parameters = parameters
        self.query = query
        self.headers = headers
        self.body = body
        self.bodyStream = bodyStream
        self.requestID = requestID
        self.clientAddress = clientAddress
        self.deadline = deadline
    }

    public func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }
}
