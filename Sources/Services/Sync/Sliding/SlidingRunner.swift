import CanonicalJSON
import Identifiers
import MatrixHTTP
import NIOCore
import ReplicationLog
import RoomReading

/// Answers sliding syncs: at once when there is something to say, else when something happens or the client's time is up.
struct SlidingRunner: Sendable {
    let polls: LongPoll
    let composer: SlidingComposer
    let connections: SlidingConnections
    let told: ToldMembers<SlidingToken>

    /// - Throws: `M_UNKNOWN_POS` when nothing is known of the client's position, `M_UNKNOWN_TOKEN` when the access token is
    ///   revoked meanwhile.
    func run(_ request: SlidingRequest, token: AccessToken) async throws -> [ByteBuffer] {
        let deadline = ContinuousClock.now + request.timeout
        let knowledge = try await reachable(try await connections.knowledge(at: request.position, of: request.viewer))
        let members = told.told(request.viewer, connection: request.connection, since: request.position)
        let compose = { @Sendable (_: Cut?, cut: Cut) async throws -> SlidingAnswer in
            try await composer.compose(request, knowledge, members: members, at: cut)
        }
        let answer: SlidingAnswer
        if knowledge.position == nil || request.timeout == .zero {
            answer = try await polls.answer(compose)
        } else {
            answer = try await polls.poll(for: request.viewer.user, token: token, until: deadline, compose)
        }
        return try await finish(answer, request, knowledge, members)
    }

    /// What the client knows, as far as this worker can go on from it.
    private func reachable(_ knowledge: SlidingKnowledge) async throws -> SlidingKnowledge {
        guard var position = knowledge.position else { return knowledge }
        guard let cut = try await polls.reach(position.cut) else {
            throw MatrixError.unavailable("This worker is behind.", retryAfter: .seconds(1))
        }
        position.cut = cut
        return SlidingKnowledge(position: position, rooms: knowledge.rooms)
    }

    /// Writes down what the answer tells, and where the client is then.
    private func finish(
        _ answer: SlidingAnswer, _ request: SlidingRequest, _ knowledge: SlidingKnowledge,
        _ members: [RoomID: Set<UserID>]
    ) async throws -> [ByteBuffer] {
        let (connection, position) = try await connections.advance(
            knowledge, request, telling: answer.told, configs: answer.configs)
        let next = SlidingToken(
            connection: connection, position: position, cut: answer.cut, typing: answer.typing, viewer: request.viewer,
            name: request.connection)
        told.tell(
            request.viewer, connection: request.connection, since: request.position, members: members,
            added: answer.members, next: next)
        var writer = answer.writer
        writer.json.member("pos", next.text)
        writer.json.endObject()
        return writer.finish()
    }
}
