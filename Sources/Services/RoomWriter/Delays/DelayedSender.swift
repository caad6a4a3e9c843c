import CanonicalJSON
import Identifiers
import Logging
import Metrics
import Storage
import WorkerContracts
import WorkerRuntime

// Timers are rows, and the clock is the database's: nothing of them is in this worker's memory, so there is nothing to
// hand over. Every writer looks a few times a second for what is due in the shards it owns.

/// Sends delayed events when their time has come (MSC4140).
struct DelayedSender: Sendable {
    /// How often it is looked; an event is late by about as much at most.
    static let tick = Duration.milliseconds(200)
    /// Events that are sent at once.
    static let concurrencyMax = 16
    /// In how many ticks events that are over are once forgotten.
    static let ticksPerForgetting = 3_000

    let store: DueEventStore
    let host: ShardHost
    let logger: Logger
    private let lag = Timer(label: "apus_delayed_event_lag_seconds")
    private let sent = Counter(label: "apus_delayed_events_sent_total")

    init(store: DueEventStore, host: ShardHost, logger: Logger) {
        self.store = store
        self.host = host
        self.logger = logger
    }

    /// Sends what is due, until cancelled.
    func run() async {
        var ticks = 0
        await repeatUntilCancelled(every: Self.tick) {
            do {
                while try await sendDue() == DueEventStore.batchMax {}
                ticks += 1
                if ticks % Self.ticksPerForgetting == 0 { try await store.forget() }
            } catch {
                // It is due still, and looked for again.
                logger.notice("delayed events wait", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Sends a batch of what is due in the shards this worker owns.
    ///
    /// - Returns: how many there were; 0 also when some could not be sent, so that nobody insists.
    private func sendDue() async throws -> Int {
        let shards = host.owned
        guard !shards.isEmpty else { return 0 }
        try await store.cancelOverruled(in: shards)
        let due = try await store.take(in: shards)
        guard !due.isEmpty else { return 0 }
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            var isComplete = true
            for (index, entry) in due.enumerated() {
                if index >= Self.concurrencyMax, let done = try await group.next() { isComplete = done && isComplete }
                group.addTask { try await send(entry.event, lag: entry.lag) }
            }
            for try await done in group { isComplete = done && isComplete }
            return isComplete ? due.count : 0
        }
    }

    /// - Returns: false when it is to be tried again.
    private func send(_ event: DelayedEvent, lag: Duration) async throws -> Bool {
        var draft: EventDraft
        do {
            draft = try EventDraft(json: try JSONValue.parse(event.draft))
            draft.delay = event.id
        } catch {
            // One that this build cannot read must not hold up the others.
            try await store.end(event, .refused(Self.reason("M_UNKNOWN", "The event cannot be read: \(error)")))
            return true
        }
        let envelope = CommandEnvelope(
            id: CommandID(event.command), command: .sendEvents(.init(room: event.room, events: [draft])))
        switch await host.execute(envelope, in: event.shard) {
        case .done(let events, _):
            guard let id = events.first else { preconditionFailure("a sent event has an ID") }
            try await store.end(event, .sent(id))
            self.lag.record(duration: lag)
            sent.increment()
            return true
        case .refused(let refusal):
            try await store.end(event, .refused(Self.reason(refusal.errcode, refusal.message)))
            return true
        case .answered:
            preconditionFailure("what is sent is answered with its events")
        case .moved, .busy:
            return false
        }
    }

    private static func reason(_ errcode: String, _ message: String) -> [UInt8] {
        let reason: JSONObject = ["errcode": .string(errcode), "error": .string(message)]
        return reason.bytes()
    }
}
