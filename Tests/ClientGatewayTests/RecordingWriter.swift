import Identifiers
import Synchronization
import WorkerContracts

/// Takes commands as a room's writer would, keeps them, and answers each ID once and for all.
final class RecordingWriter: WriterCommanding {
    private struct State {
        var commands: [WriterCommand] = []
        var replies: [CommandID: WriterReply] = [:]
        var scripted: [WriterReply] = []
        var events = 0
        var reports: [PresenceReport] = []
    }

    private let state = Mutex(State())

    /// The commands that took effect, in order.
    var commands: [WriterCommand] { state.withLock { $0.commands } }

    /// What was reported of users' presence, which comes by itself.
    var reports: [PresenceReport] { state.withLock { $0.reports } }

    /// Answers the next new command with `reply`.
    func script(_ reply: WriterReply) { state.withLock { $0.scripted.append(reply) } }

    func execute(
        _ command: WriterCommand, id: CommandID, in shard: ShardID
    ) async throws(WriterUnavailable) -> WriterReply {
        state.withLock { state in
            if case .reportPresence(let command) = command {
                state.reports += command.reports
                return .done(events: [], position: .zero)
            }
            if let known = state.replies[id] { return known }
            if !state.scripted.isEmpty { return state.scripted.removeFirst() }
            state.commands.append(command)
            let first = state.events
            state.events += Self.eventCount(command)
            let events = (first..<state.events).compactMap { EventID("$event\($0)") }
            let reply = WriterReply.done(events: events, position: ShardSequence(Int64(state.events)))
            state.replies[id] = reply
            return reply
        }
    }

    private static func eventCount(_ command: WriterCommand) -> Int {
        switch command {
        case .createRoom(let create): create.events.count
        case .sendEvents(let send): send.events.count
        default: 0
        }
    }
}
