import CanonicalJSON
import Identifiers
import Logging
import MatrixHTTP
import NIOCore
import ReplicationLog
import RoomReading
import Storage

/// Answers syncs: at once when there is something to say, else when something happens or the client's time is up.
struct SyncRunner: Sendable {
    /// How long a token that is ahead of this worker's tail is waited for.
    static let tailWaitMax = Duration.seconds(2)

    let tail: LogTail
    let composer: SyncComposer
    let polls: ParkedPolls
    let callers: Callers
    let metrics: SyncMetrics

    /// - Throws: `M_UNKNOWN_TOKEN` when the access token is revoked meanwhile.
    func run(_ request: SyncRequest, token: AccessToken) async throws -> SyncAnswer {
        let deadline = ContinuousClock.now + request.timeout
        guard let since = request.since else { return try await answer(request, since: nil) }
        guard let reachable = try await reach(since, request) else { return unmoved(since) }
        if request.timeout == .zero || request.isFullState { return try await answer(request, since: reachable) }
        return try await poll(request, since: reachable, token: token, until: deadline)
    }

    /// Where a client is that wants to know nothing of what was.
    func now(for user: UserID) async throws -> SyncToken {
        let cut = try currentCut()
        let rooms = try await composer.users.rooms(of: user, at: cut)
        let presence = composer.sections.presence?.board.seen([]).position ?? .none
        return SyncToken(cut: cut, toDevice: cut[rooms.shard], typing: .none, presence: presence, user: user)
    }

    /// Answers without waiting for anything to happen, so with all that has happened: nothing would wake the client for
    /// what a tail a few milliseconds behind leaves out.
    private func answer(_ request: SyncRequest, since: SyncToken?) async throws -> SyncAnswer {
        guard try await tail.catchUp(atMost: Self.tailWaitMax) else {
            throw MatrixError.unavailable("This worker is behind.", retryAfter: .seconds(1))
        }
        let answer = try await compose(request, since: since, looked: nil, at: try currentCut())
        remember(answer, to: request, since: since)
        return answer
    }

    // MARK: Waiting

    private func poll(
        _ request: SyncRequest, since: SyncToken, token: AccessToken, until deadline: ContinuousClock.Instant
    ) async throws -> SyncAnswer {
        var rooms = try await composer.users.rooms(of: request.viewer.user, at: try currentCut())
        // Entered before the cut is taken: whatever is not in the cut will wake the poll.
        let poll = polls.enter(rooms, token: token, until: deadline)
        defer { polls.leave(poll) }
        var looked: Cut?
        while true {
            let cut = try currentCut()
            let answer = try await compose(request, since: since, looked: looked, at: cut)
            let now = try await composer.users.rooms(of: request.viewer.user, at: cut)
            if now !== rooms {
                rooms = now
                polls.update(now)
                // What happened in a room the user has just come into may have gone by unnoticed.
                if answer.isEmpty, try currentCut() != cut {
                    looked = cut
                    continue
                }
            }
            if !answer.isEmpty || ContinuousClock.now >= deadline || polls.isDraining {
                remember(answer, to: request, since: since)
                return answer
            }
            looked = cut
            let wake = await withTaskCancellationHandler {
                await poll.park()
            } onCancel: {
                poll.signal(.timeout)
            }
            switch wake {
            case .changed: continue
            case .revoked: try await refuseRevoked(token)
            case .timeout, .draining:
                let last = try await compose(request, since: since, looked: looked, at: try currentCut())
                remember(last, to: request, since: since)
                return last
            }
        }
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

    // MARK: Cuts and tokens

    private func currentCut() throws -> Cut {
        guard let cut = tail.current else {
            throw MatrixError.unavailable("The server is starting.", retryAfter: .seconds(1))
        }
        return cut
    }

    /// The client's token as it can be answered by this worker; `nil` when the tail does not get there in time.
    ///
    /// A token of an earlier generation may name positions that were lost with it: they are taken back to the heads that
    /// survived, and the client sees a clean gap.
    private func reach(_ since: SyncToken, _ request: SyncRequest) async throws -> SyncToken? {
        let current = try currentCut()
        guard since.cut.positions.count <= current.positions.count else {
            throw MatrixError.invalidParam("'since' is no token of this server.")
        }
        if !current.isAtLeast(since.cut), since.cut.generation >= current.generation {
            guard await tail.wait(until: since.cut, atMost: Self.tailWaitMax) else { return nil }
        }
        let cut = try currentCut()
        var token = since
        token.cut = try await tail.surviving(since.cut).clamped(to: cut)
        let user = try await composer.users.rooms(of: request.viewer.user, at: cut)
        token.toDevice = min(since.toDevice, token.cut[user.shard])
        return token
    }

    /// Nothing is new where this worker is; the client keeps its token.
    private func unmoved(_ since: SyncToken) -> SyncAnswer {
        let json: JSONObject = [
            "next_batch": .string(since.text), "device_one_time_keys_count": [:],
            "rooms": ["join": [:], "invite": [:], "knock": [:], "leave": [:]],
        ]
        return SyncAnswer(pieces: [ByteBuffer(bytes: json.bytes())], isEmpty: true, next: since, members: [:])
    }

    // MARK: Composing

    private func compose(
        _ request: SyncRequest, since: SyncToken?, looked: Cut?, at cut: Cut
    ) async throws -> SyncAnswer {
        let began = ContinuousClock.now
        defer { metrics.composed(request, took: .now - began) }
        // In a task of its own: a task keeps what it has used as stack until it ends, here more than 20 KiB, and polls
        // are parked by the thousand.
        async let answer = composer.compose(request, since: since, looked: looked, at: cut)
        return try await answer
    }

    /// What the client will know once it comes back with the answer's token.
    private func remember(_ answer: SyncAnswer, to request: SyncRequest, since: SyncToken?) {
        metrics.answerBytes.increment(by: answer.byteCount)
        guard request.filter.lazyLoadsMembers else { return }
        let told = request.isFullState ? [:] : composer.toldMembers.told(request.viewer, since: since)
        composer.toldMembers.tell(
            request.viewer, since: since, members: told, added: answer.members, next: answer.next)
    }
}
