import Metrics
import Synchronization
import WorkerContracts

/// What a writer counts.
final class WriterMetrics: Sendable {
    private struct Name: Hashable {
        let kind: String
        let outcome: String
    }

    private let commands = Mutex<[Name: Counter]>([:])
    private let queued = Mutex(0)
    private let queuedGauge = Gauge(label: "apus_writer_queued_commands")
    private let commandTimer = Timer(label: "apus_writer_command_seconds")
    private let groups = Counter(label: "apus_writer_groups_total")
    private let groupedCommands = Counter(label: "apus_writer_grouped_commands_total")
    private let groupSize = Gauge(label: "apus_writer_last_group_size")
    private let refusedGroups = Counter(label: "apus_writer_refused_groups_total")
    private let resolutions = Counter(label: "apus_state_resolutions_total")

    func queued(_ change: Int) { queued.withLock { $0 += change } }

    func answered(_ command: PendingCommand, with reply: WriterReply) {
        queued(-1)
        count(command.command.kind, reply)
        commandTimer.record(duration: command.arrivedAt.duration(to: .now))
    }

    func count(_ kind: String, _ reply: WriterReply) {
        let name = Name(kind: kind, outcome: reply.outcomeName)
        let counter = commands.withLock { commands in
            if let counter = commands[name] { return counter }
            let counter = Counter(
                label: "apus_writer_commands_total", dimensions: [("kind", name.kind), ("outcome", name.outcome)])
            commands[name] = counter
            return counter
        }
        counter.increment()
    }

    func committed(commands: Int) {
        groups.increment()
        groupedCommands.increment(by: commands)
        groupSize.record(commands)
    }

    func groupRefused() { refusedGroups.increment() }
    func resolved() { resolutions.increment() }
    func record() { queuedGauge.record(queued.withLock { $0 }) }
}

extension WriterReply {
    fileprivate var outcomeName: String {
        switch self {
        case .done, .answered: "done"
        case .refused: "refused"
        case .moved: "moved"
        case .busy: "busy"
        }
    }
}
