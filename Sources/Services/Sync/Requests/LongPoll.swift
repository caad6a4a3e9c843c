import Identifiers
import MatrixHTTP
import ReplicationLog

/// An answer that may have nothing to say.
protocol PollAnswer: Sendable {
    var isEmpty: Bool { get }
}

/// Waits with a client until there is something to say to it.
struct LongPoll: Sendable {
    /// How long a token that is ahead of this worker's tail is waited for.
    static let tailWaitMax = Duration.seconds(2)

    let tail: LogTail
    let users: UserRoomsMemory
    let polls: ParkedPolls
    let callers: Callers

    /// Makes an answer at a cut; the first cut is one up to which there was nothing to say.
    typealias Compose<Answer> = @Sendable (Cut?, Cut) async throws -> Answer

    /// Answers without waiting for anything to happen, so with all that has happened: nothing would wake the client for
    /// what a tail a few milliseconds behind leaves out.
    func answer<Answer: PollAnswer>(_ compose: @escaping Compose<Answer>) async throws -> Answer {
        guard try await tail.catchUp(atMost: Self.tailWaitMax) else {
            throw MatrixError.unavailable("This worker is behind.", retryAfter: .seconds(1))
        }
        return try await apart(compose, nil, try currentCut())
    }

    /// Answers when there is something to say, or when the time is up.
    func poll<Answer: PollAnswer>(
        for user: UserID, token: AccessToken, until deadline: ContinuousClock.Instant,
        _ compose: @escaping Compose<Answer>
    ) async throws -> Answer {
        var rooms = try await users.rooms(of: user, at: try currentCut())
        // Entered before the cut is taken: whatever is not in the cut will wake the poll.
        let poll = polls.enter(rooms, token: token, until: deadline)
        defer { polls.leave(poll) }
        var looked: Cut?
        while true {
            let cut = try currentCut()
            let answer = try await apart(compose, looked, cut)
            let now = try await users.rooms(of: user, at: cut)
            if now !== rooms {
                rooms = now
                polls.update(now)
                // What happened in a room the user has just come into may have gone by unnoticed.
                if answer.isEmpty, try currentCut() != cut {
                    looked = cut
                    continue
                }
            }
            if !answer.isEmpty || ContinuousClock.now >= deadline || polls.isDraining { return answer }
            looked = cut
            let wake = await withTaskCancellationHandler {
                await poll.park()
            } onCancel: {
                poll.signal(.timeout)
            }
            switch wake {
            case .changed: continue
            case .revoked: try await refuseRevoked(token)
            case .timeout, .draining: return try await apart(compose, looked, try currentCut())
            }
        }
    }

    /// In a task of its own: a task keeps what it has used as stack until it ends, here more than 20 KiB, and polls are
    /// parked by the thousand.
    private func apart<Answer: Sendable>(
        _ compose: @escaping Compose<Answer>, _ looked: Cut?, _ cut: Cut
    ) async throws -> Answer {
        async let answer = compose(looked, cut)
        return try await answer
    }

    /// - Throws: `M_UNKNOWN_TOKEN` unless the token is good after all.
    private func refuseRevoked(_ token: AccessToken) async throws {
        switch try await callers.currentCaller(with: token) {
        case .known: return
        case .locked: throw MatrixError.userLocked
        case .expired: throw MatrixError.unknownToken(softLogout: true)
        case .unknown: throw MatrixError.unknownToken(softLogout: false)
        }
    }

    // MARK: Cuts

    func currentCut() throws -> Cut {
        guard let cut = tail.current else {
            throw MatrixError.unavailable("The server is starting.", retryAfter: .seconds(1))
        }
        return cut
    }

    /// A client's cut as it can be answered by this worker; `nil` when the tail does not get there in time.
    ///
    /// A cut of an earlier generation may name positions that were lost with it: they are taken back to the heads that
    /// survived, and the client sees a clean gap.
    ///
    /// - Throws: `M_INVALID_PARAM` for a cut of more shards than there are.
    func reach(_ since: Cut) async throws -> Cut? {
        let current = try currentCut()
        guard since.positions.count <= current.positions.count else {
            throw MatrixError.invalidParam("The token is none of this server.")
        }
        if !current.isAtLeast(since), since.generation >= current.generation {
            guard await tail.wait(until: since, atMost: Self.tailWaitMax) else { return nil }
        }
        return try await tail.surviving(since).clamped(to: try currentCut())
    }
}
