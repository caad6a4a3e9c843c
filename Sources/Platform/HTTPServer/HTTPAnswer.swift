import NIOCore

/// What a handler answers.
public struct HTTPAnswer: Sendable {
    public enum Body: Sendable {
        case bytes(ByteBuffer)
        /// Buffers that may be shared with other answers; written one after the other, never joined.
        case buffers([ByteBuffer])
        /// Asked for piece by piece as fast as the client takes them, until there are no more; for what is too large to
        /// hold. The request keeps its place in its class until then. Without a length it is sent in chunks.
        case pulled(byteCount: Int64?, next: @Sendable () async throws -> ByteBuffer?)
        /// Written piece by piece until the closure returns; for streams between workers.
        case stream(@Sendable (_ write: @Sendable (ByteBuffer) async throws -> Void) async throws -> Void)
    }

    public var status: Int
    public var contentType: String
    public var headers: [(name: String, value: String)]
    public var body: Body
    /// Kept until ``Body/buffers(_:)`` or ``Body/pulled(byteCount:next:)`` have been written or given up; for whoever
    /// counts what is on its way.
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
