import CanonicalJSON
import Identifiers
import MatrixHTTP
import NIOCore
import ReplicationLog
import RoomReading
import Storage

/// Answers syncs: at once when there is something to say, else when something happens or the client's time is up.
struct SyncRunner: Sendable {
    let polls: LongPoll
    let composer: SyncComposer
    let metrics: SyncMetrics

    /// - Throws: `M_UNKNOWN_TOKEN` when the access token is revoked meanwhile.
    func run(_ request: SyncRequest, token: AccessToken) async throws -> SyncAnswer {
        let deadline = ContinuousClock.now + request.timeout
        var since: SyncToken?
        if let token = request.since {
            guard let reachable = try await reach(token, request) else { return try await unmoved(token, request) }
            since = reachable
        }
        let compose = { @Sendable [since] (looked: Cut?, cut: Cut) async throws -> SyncAnswer in
            let began = ContinuousClock.now
            defer { metrics.composed(request, took: .now - began) }
            return try await composer.compose(request, since: since, looked: looked, at: cut)
        }
        let answer =
            if request.isInitial || request.timeout == .zero {
                try await polls.answer(compose)
            } else {
                try await polls.poll(for: request.viewer.user, token: token, until: deadline, compose)
            }
        remember(answer, to: request, since: since)
        return answer
    }

    /// Where a client is that wants to know nothing of what was.
    func now(for user: UserID) async throws -> SyncToken {
        let cut = try polls.currentCut()
        let rooms = try await composer.users.rooms(of: user, at: cut)
        let presence = composer.sections.presence?.board.position ?? .none
        return SyncToken(cut: cut, toDevice: cut[rooms.shard], typing: .none, presence: presence, user: user)
    }

    /// The client's token as it can be answered by this worker; `nil` when the tail does not get there in time.
    private func reach(_ since: SyncToken, _ request: SyncRequest) async throws -> SyncToken? {
        guard let cut = try await polls.reach(since.cut) else { return nil }
        var token = since
        token.cut = cut
        let user = try await composer.users.rooms(of: request.viewer.user, at: try polls.currentCut())
        token.toDevice = min(since.toDevice, cut[user.shard])
        return token
    }

    /// Nothing is new where this worker is; the client keeps its token.
    private func unmoved(_ since: SyncToken, _ request: SyncRequest) async throws -> SyncAnswer {
        let stock = try await composer.sections.encryption.stocks.stock(of: request.viewer)
        let json: JSONObject = [
            "next_batch": .string(since.text), "device_one_time_keys_count": .object(stock.counts),
            "device_unused_fallback_key_types": .array(stock.unusedFallback),
            "rooms": ["join": [:], "invite": [:], "knock": [:], "leave": [:]],
        ]
        return SyncAnswer(pieces: [ByteBuffer(bytes: json.bytes())], isEmpty: true, next: since, members: [:])
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
