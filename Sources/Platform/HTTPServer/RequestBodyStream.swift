import HummingbirdCore
import NIOCore

/// A request's body, to be read once, piece by piece; the client sends no faster than it is read.
public struct RequestBodyStream: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    /// What the request says of its length; `nil` when it comes in chunks.
    public let declaredByteCount: Int64?
    private let body: RequestBody
    private let bytesMax: Int

    init(_ body: RequestBody, declaredByteCount: Int64?, limit: ByteCount) {
        self.body = body
        self.declaredByteCount = declaredByteCount
        bytesMax = limit.bytes
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        let declaredByteCount: Int64?
        let bytesMax: Int
        var byteCount = 0

        /// The next piece; `nil` when the body has come whole.
        ///
        /// - Throws: a 413 beyond the route's limit, a 400 when the client broke off.
        public mutating func next() async throws -> ByteBuffer? {
            guard let piece = try await body.next() else {
                guard declaredByteCount == nil || declaredByteCount == Int64(byteCount) else {
                    throw HTTPRefusal.malformed
                }
                return nil
            }
            byteCount += piece.readableBytes
            guard byteCount <= bytesMax else { throw HTTPRefusal.bodyTooLarge }
            return piece
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), declaredByteCount: declaredByteCount, bytesMax: bytesMax)
    }
}
