import MatrixHTTP
import PasswordHashing

/// Hashes and verifies passwords; a full queue of them is the client's to wait out.
struct Passwords: Sendable {
    let hasher: PasswordHasher

    /// - Throws: `M_LIMIT_EXCEEDED` when too many are being hashed.
    func hash(_ password: String) async throws -> String {
        do {
            return try await hasher.hash(password)
        } catch .busy {
            throw MatrixError.limitExceeded(retryAfter: .seconds(1))
        }
    }

    /// - Throws: `M_LIMIT_EXCEEDED` when too many are being hashed.
    func verify(_ password: String, against hash: String) async throws -> Bool {
        do {
            return try await hasher.verify(password, against: hash)
        } catch .busy {
            throw MatrixError.limitExceeded(retryAfter: .seconds(1))
        }
    }
}
