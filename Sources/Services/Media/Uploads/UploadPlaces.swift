import Identifiers
import MatrixHTTP
import Synchronization

/// Bounds how many files of one user come in at once, so that one does not take the places of all.
final class UploadPlaces: Sendable {
    /// Files of one user that come in at once, at one worker.
    static let perUserMax = 8
    static let retryAfter = Duration.seconds(2)

    private let uploads = Mutex<[UserID: Int]>([:])

    /// - Throws: `M_LIMIT_EXCEEDED` when the user has no place left.
    func withPlace<Value>(of user: UserID, _ body: () async throws -> Value) async throws -> Value {
        let isIn = uploads.withLock { uploads in
            guard uploads[user, default: 0] < Self.perUserMax else { return false }
            uploads[user, default: 0] += 1
            return true
        }
        guard isIn else { throw MatrixError.limitExceeded(retryAfter: Self.retryAfter) }
        defer {
            uploads.withLock { uploads in
                uploads[user, default: 0] -= 1
                if uploads[user] == 0 { uploads[user] = nil }
            }
        }
        return try await body()
    }
}
