/// A response whose body arrives piece by piece.
public struct HTTPStreamingResponse: Sendable {
    public var head: HTTPResponseHead
    public var body: HTTPBodyStream

    public var status: Int { head.status }
}

/// The body of a streaming response, for one consumer.
///
/// Dropping it, or cancelling its consumer, aborts the transfer.
public final class HTTPBodyStream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = HTTPClientError

    private let buffer: BodyBuffer
    private let abort: @Sendable () -> Void

    init(buffer: BodyBuffer, abort: @escaping @Sendable () -> Void) {
        self.buffer = buffer
        self.abort = abort
    }

    deinit { abort() }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let stream: HTTPBodyStream

        public mutating func next() async throws -> [UInt8]? { try await stream.next() }
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HTTPClientError) -> [UInt8]? { try await stream.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }

    /// Aborts the transfer; the consumer then gets ``HTTPClientError/cancelled``.
    public func cancel() { abort() }

    /// The next bytes; `nil` at the end of the response.
    func next() async throws(HTTPClientError) -> [UInt8]? {
        while true {
            if let step = buffer.take() { return try step.get() }
            await withTaskCancellationHandler {
                await buffer.waitForChange()
            } onCancel: {
                abort()
            }
        }
    }

    /// Waits for the response's headers.
    func head(deadline: ContinuousClock.Instant) async throws(HTTPClientError) -> HTTPResponseHead {
        let timedOut = await withTaskGroup(of: Bool.self) { group in
            group.addTask { [self] in
                await withTaskCancellationHandler {
                    await buffer.waitForHead()
                } onCancel: {
                    abort()
                }
                return false
            }
            group.addTask {
                // Cancelled when the headers are there.
                do { try await Task.sleep(until: deadline) } catch { return false }
                return true
            }
            let first = await group.next() ?? false
            if first { abort() }
            group.cancelAll()
            return first
        }
        if timedOut { throw .timedOut }
        return try buffer.headResult().get()
    }
}
