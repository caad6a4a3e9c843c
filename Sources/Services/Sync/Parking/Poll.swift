import Identifiers
import MatrixHTTP
import Synchronization

/// Why a parked poll goes on.
enum PollWake: Sendable, Equatable {
    /// Something happened that may concern it.
    case changed
    /// Its time is up.
    case timeout
    /// Its access token is not good any more.
    case revoked
    /// The worker is leaving.
    case draining
}

/// One request that waits for something to happen.
final class Poll: Sendable {
    private struct State {
        var wake: PollWake?
        var continuation: CheckedContinuation<PollWake, Never>?
    }

    let number: UInt64
    let user: UserID
    /// When its time is up, as its park counts.
    let tick: Int64
    let tokenHash: [UInt8]
    private let state = Mutex(State())

    init(number: UInt64, user: UserID, token: AccessToken, tick: Int64) {
        self.number = number
        self.user = user
        self.tick = tick
        tokenHash = token.hash
    }

    /// Wakes the poll, now or as soon as it parks; a later reason does not replace an earlier one.
    ///
    /// - Returns: whether it was parked.
    @discardableResult
    func signal(_ wake: PollWake) -> Bool {
        let continuation = state.withLock { state -> CheckedContinuation<PollWake, Never>? in
            guard let continuation = state.continuation else {
                state.wake = state.wake ?? wake
                return nil
            }
            state.continuation = nil
            return continuation
        }
        continuation?.resume(returning: wake)
        return continuation != nil
    }

    /// Parks until signalled; a signal that came before counts.
    func park() async -> PollWake {
        await withCheckedContinuation { continuation in
            let wake = state.withLock { state -> PollWake? in
                defer { state.wake = nil }
                if state.wake == nil { state.continuation = continuation }
                return state.wake
            }
            if let wake { continuation.resume(returning: wake) }
        }
    }
}
