import NIOCore

/// What a handler answers.
public struct HTTPAnswer: Sendable {
    public enum Body: Sendable {
        case bytes(ByteBuffer)
        /// Buffers that may be shared with other answers; written one after the other, never joined.
        case buffers([ByteBuffer])
        /// Written piece by piece until the closure returns; for streams between workers.
        case stream(@Sendable (_ write: @Sendable (ByteBuffer) async throws -> Void) async throws -> Void)
    }

    public var status: Int
    public var contentType: String
    public var headers: [(name: String, value: String)]
    public var body: Body
    /// Kept until ``Body/buffers(_:)`` have been written or given up; for whoever counts what is on its way.
    public var held: (any Sendable)?

    public init(
        status: Int = 200, contentType: String = "application/json", headers: [(name: String, value: String)] = [],
        body: Body, held: (any Sendable)? = nil
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
        self.held = held
    }

    public init(status: Int = 200, json: String) {
        self.init(status: status, body: .bytes(ByteBuffer(string: json)))
    }
}

/// An error that knows its answer; any other error is logged and answered 500 without detail.
public protocol HTTPAnswerable: Error {
    var answer: HTTPAnswer { get }
}
