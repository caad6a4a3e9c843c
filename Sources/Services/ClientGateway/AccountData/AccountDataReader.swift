import CanonicalJSON
import MatrixHTTP
import Storage

/// Reads account data back, as committed.
struct AccountDataReader: Sendable {
    let store: AccountDataStore

    /// - Throws: `M_NOT_FOUND` when nothing of this type is set.
    func get(_ path: AccountDataPath) async throws -> JSONObject {
        guard let content = try await store.fetch(path.type, of: path.user, in: path.room) else {
            throw MatrixError.notFound("Account data not found.")
        }
        return content
    }
}
