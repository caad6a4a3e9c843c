import CanonicalJSON
import HTTPServer
import NIOCore
import Postgres

/// One endpoint: where it is, and what it answers.
public protocol Endpoint: Sendable {
    associatedtype Request: EndpointRequest
    associatedtype Answer: EndpointAnswer

    static var route: Route { get }

    /// - Throws: ``MatrixError`` for what the spec refuses; anything else is a 500.
    func respond(to request: Request) async throws -> Answer
}

/// What an endpoint is called with; making it checks the caller.
public protocol EndpointRequest: Sendable {
    static func make(of request: ServerRequest, callers: Callers) async throws -> Self
}

/// What an endpoint can answer.
public protocol EndpointAnswer: Sendable {
    var httpAnswer: HTTPAnswer { get }
}

extension JSONObject: EndpointAnswer {
    public var httpAnswer: HTTPAnswer { HTTPAnswer(body: .bytes(ByteBuffer(bytes: bytes()))) }
}

/// `{}`.
public struct EmptyObject: EndpointAnswer {
    public init() {}
    public var httpAnswer: HTTPAnswer { HTTPAnswer(json: "{}") }
}

/// JSON that is already bytes.
public struct JSONBytes: EndpointAnswer {
    public let bytes: [UInt8]
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public var httpAnswer: HTTPAnswer { HTTPAnswer(body: .bytes(ByteBuffer(bytes: bytes))) }
}

extension HTTPAnswer: EndpointAnswer {
    public var httpAnswer: HTTPAnswer { self }
}

extension Endpoint {
    /// The endpoint as the listener wants it.
    public func served(by callers: Callers) -> (Route, HTTPListener.Handler) {
        (
            Self.route,
            { request in
                do {
                    return try await respond(to: Request.make(of: request, callers: callers)).httpAnswer
                } catch let error as PostgresError {
                    throw error.unavailability ?? error
                }
            }
        )
    }
}
