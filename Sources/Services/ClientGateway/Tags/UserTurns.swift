import Collections
import Identifiers
import MatrixHTTP
import Synchronization

// A tag is one member of a piece of account data that is written as a whole: two of a user's devices that tag at the same
// moment would overwrite each other. The router sends a user's requests to one worker, so turns in its memory suffice,
// but for the moment of a redeploy.

/// Lets one change of a user's at a time through.
final class UserTurns: Sendable {
    /// The most changes of one user that wait.
    static let waitingMax = 16

    private let waiting = Mutex<[UserID: Deque<CheckedContinuation<Bool, Never>>]>([:])

    /// - Throws: `M_LIMIT_EXCEEDED` when too many of the user's wait already.
    func with<Result>(_ user: UserID, _ body: () async throws -> Result) async throws -> Result {
        let isIn = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            self.enter(user, continuation)
        }
        guard isIn else { throw MatrixError.limitExceeded(retryAfter: .seconds(1)) }
        defer { leave(user) }
        return try await body()
    }

    private func enter(_ user: UserID, _ continuation: CheckedContinuation<Bool, Never>) {
        let answer: Bool? = waiting.withLock { waiting in
            guard let others = waiting[user] else {
                waiting[user] = []
                return true
            }
            guard others.count < Self.waitingMax else { return false }
            waiting[user, default: []].append(continuation)
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func leave(_ user: UserID) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Bool, Never>? in
            let next = waiting[user]?.popFirst()
            if next == nil { waiting[user] = nil }
            return next
        }
        next?.resume(returning: true)
    }
}
