import NIOCore

/// An object's bytes, or some of them, to be read once from front to back by one task.
public final class ObjectBody: Sendable {
    /// The most bytes of one piece of a file.
    static let pieceBytesMax = 256 << 10

    /// Of the whole object.
    public let objectByteCount: Int64
    private let read: @Sendable () async throws -> ByteBuffer?

    init(objectByteCount: Int64, read: @escaping @Sendable () async throws -> ByteBuffer?) {
        self.objectByteCount = objectByteCount
        self.read = read
    }

    /// The next piece; `nil` at the end.
    ///
    /// - Throws: ``ObjectStoreError`` when the store breaks off.
    public func next() async throws -> ByteBuffer? { try await read() }
}
