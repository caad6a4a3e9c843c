import CanonicalJSON
import Identifiers
import MatrixHTTP
import RoomReading
import WorkerContracts

/// Sends commands to the owners of rooms and users, and turns their replies into Matrix answers.
struct CommandSender: Sendable {
    let writers: any WriterCommanding
    let rooms: RoomPlacements
    let users: UserLocator

    /// Appends `drafts` to `room`, all or none.
    ///
    /// - Returns: the IDs of the events, in order.
    /// - Throws: `M_FORBIDDEN` for an unknown room, else what the room's writer refused with.
    func append(_ drafts: [EventDraft], to room: RoomID, id: CommandID) async throws -> [EventID] {
        precondition(drafts.count <= WriterCommand.SendEvents.eventsMax, "too many events for one command")
        let record = try await rooms.locate(room)
        return try await execute(.sendEvents(.init(room: room, events: drafts)), id: id, in: record.shard)
    }

    /// Appends one event to `room` and returns its ID.
    func append(_ draft: EventDraft, to room: RoomID, id: CommandID) async throws -> EventID {
        guard let event = try await append([draft], to: room, id: id).first else {
            throw MatrixError.unavailable("The room's writer gave no event ID.", retryAfter: .seconds(1))
        }
        return event
    }

    /// Executes a command of the shard of `user`, who has an account.
    func execute(_ command: WriterCommand, id: CommandID, for user: UserID) async throws {
        _ = try await take(command, id: id, in: try await shard(of: user))
    }

    /// Executes a command of the shard of `user`, who has an account, that asks for something.
    func ask(_ command: WriterCommand, id: CommandID, for user: UserID) async throws -> JSONObject {
        try await ask(command, id: id, in: try await shard(of: user))
    }

    /// Executes a command in `shard` that asks for something.
    func ask(_ command: WriterCommand, id: CommandID, in shard: ShardID) async throws -> JSONObject {
        guard case .answer(let answer) = try await take(command, id: id, in: shard) else {
            throw MatrixError.unavailable("The writer gave no answer.", retryAfter: .seconds(1))
        }
        return answer
    }

    private func shard(of user: UserID) async throws -> ShardID {
        guard let shard = try await users.shard(of: user) else { throw MatrixError.notFound("No such user.") }
        return shard
    }

    /// Executes a command in `shard`.
    ///
    /// - Returns: the IDs of the command's events.
    @discardableResult
    func execute(_ command: WriterCommand, id: CommandID, in shard: ShardID) async throws -> [EventID] {
        guard case .events(let events) = try await take(command, id: id, in: shard) else { return [] }
        return events
    }

    /// What a command that had its effect has answered.
    private enum Effect {
        case events([EventID])
        case answer(JSONObject)
    }

    private func take(_ command: WriterCommand, id: CommandID, in shard: ShardID) async throws -> Effect {
        let reply: WriterReply
        do {
            reply = try await writers.execute(command, id: id, in: shard)
        } catch {
            // Whether it took effect is not known; the client repeats it, a send with the same transaction ID.
            throw MatrixError.unavailable("The room's writer cannot be reached.", retryAfter: .seconds(1))
        }
        switch reply {
        case .done(let events, _):
            return .events(events)
        case .answered(let answer, _):
            return .answer(answer)
        case .refused(let refusal):
            throw MatrixError(status: refusal.status, errcode: refusal.errcode, message: refusal.message)
        case .busy(let retryAfter):
            throw MatrixError.limitExceeded(retryAfter: retryAfter)
        case .moved:
            throw MatrixError.unavailable("The room is being moved.", retryAfter: .seconds(1))
        }
    }
}
