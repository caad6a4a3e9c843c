import CanonicalJSON
import MatrixHTTP
import PushRules
import Storage

/// Reads account data back, as committed.
struct AccountDataReader: Sendable {
    let store: AccountDataStore

    /// - Throws: `M_NOT_FOUND` when nothing of this type is set.
    func get(_ path: AccountDataPath) async throws -> JSONObject {
        let content = try await store.fetch(path.type, of: path.user, in: path.room)
        if path.room == nil, path.type.utf8.elementsEqual(PushRuleDocument.accountDataType.utf8) {
            return PushRuleDocument(content, of: path.user).json
        }
        guard let content else {
            throw MatrixError.notFound("Account data not found.")
        }
        return content
    }
}
