import Logging
import MatrixHTTP
import ObjectStorage

/// The object store as endpoints see it: what goes wrong there is logged, and a 503 for clients.
package struct MediaObjects: Sendable {
    /// How long a client is asked to stay away when the store does not answer.
    static let retryAfter = Duration.seconds(5)

    let objectStore: any ObjectStore
    let logger: Logger

    /// Begins a file that may be stored later.
    func begin() async throws -> SpooledFile { try await reporting { try await objectStore.spool.begin() } }

    func store(_ file: SpooledFile, as key: ObjectKey) async throws {
        try await reporting { try await objectStore.store(file, as: key) }
    }

    /// - Throws: a 503 also when the object is not there: somebody has lost it.
    func open(_ key: String, range: Range<Int64>? = nil) async throws -> ObjectBody {
        try await reporting { try await objectStore.open(try Self.key(key), range: range) } ?? lost(key)
    }

    /// As a file of this machine.
    ///
    /// - Throws: as ``open(_:range:)``.
    func localFile(of key: String) async throws -> LocalFile {
        try await reporting { try await objectStore.localFile(of: try Self.key(key)) } ?? lost(key)
    }

    /// Appends to a file that was begun.
    func reporting<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as ObjectStoreError {
            logger.error("object store", metadata: ["error": "\(error)"])
            throw MatrixError.unavailable("Files cannot be read or stored at the moment.", retryAfter: Self.retryAfter)
        }
    }

    private static func key(_ text: String) throws(ObjectStoreError) -> ObjectKey {
        guard let key = ObjectKey(text) else { throw .failed("'\(text)' is no object's name") }
        return key
    }

    private func lost<Value>(_ key: String) throws -> Value {
        logger.error("object lost", metadata: ["object": "\(key)"])
        throw MatrixError.unavailable("The file cannot be read at the moment.", retryAfter: Self.retryAfter)
    }
}
