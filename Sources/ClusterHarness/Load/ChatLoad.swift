import Identifiers
import Postgres
import Synchronization

/// What happens when a client's request fails.
public enum Repetition: Sendable {
    /// It stays failed.
    case never
    /// It is repeated once, unchanged.
    case once
}

/// A crowd that chats: every client long-polls, and messages are sent at a fixed rate, room after room.
public struct ChatLoad: Sendable {
    /// How long deliveries may take after the last send.
    public static let settleMax = Duration.seconds(30)
    /// The longest a load runs.
    static let durationMax = Duration.seconds(600)

    public let crowd: Crowd
    public let perSecond: Double
    public let repetition: Repetition

    public init(crowd: Crowd, perSecond: Double, repetition: Repetition = .never) {
        self.crowd = crowd
        self.perSecond = perSecond
        self.repetition = repetition
    }

    /// Runs the load while `body` does something to the cluster, then waits until everything has been delivered.
    public func run(on cluster: Cluster, while body: @escaping @Sendable () async throws -> Void) async throws
        -> ChatReport
    {
        let starts = try await crowd.firstSyncs()
        let sends = SendLog()
        let watch = OwnerWatch(database: cluster.database, recorder: crowd.recorder)
        let stop = StopSign()
        let dropped = try await withThrowingTaskGroup(of: Void.self) { group in
            for start in starts { group.addTask { await SyncLoop(client: start.client).run(since: start.since) } }
            group.addTask { try await watch.run() }
            async let sending = OpenLoop(perSecond: perSecond).run(for: Self.durationMax, until: stop) {
                await send($0, $1, sends)
            }
            do {
                try await body()
            } catch {
                stop.raise()
                group.cancelAll()
                throw error
            }
            stop.raise()
            let dropped = await sending
            await settle()
            group.cancelAll()
            // Loops end by cancellation, whichever way they say so.
            while let result = await group.nextResult() { if case .failure = result { continue } }
            return dropped
        }
        let stored = try await StoredCluster.read(cluster, rooms: crowd.roomIDs)
        return ChatReport(
            record: crowd.recorder.record, stored: stored, sends: sends.all, reigns: watch.reigns, dropped: dropped)
    }

    private func settle() async {
        // Not in time: the checker will say what is missing.
        try? await wait(for: "deliveries", within: Self.settleMax) { crowd.recorder.outstandingCount == 0 }
    }

    private func send(_ number: Int, _ intended: ContinuousClock.Instant, _ log: SendLog) async {
        let room = crowd.rooms[number % crowd.rooms.count]
        let sender = room.members[(number / crowd.rooms.count) % room.members.count]
        var isAcknowledged = false
        do {
            try await sender.send("message \(number)", to: room.room, transaction: "m\(number)")
            isAcknowledged = true
        } catch {
            if case .once = repetition {
                do {
                    try await sender.send("message \(number)", to: room.room, transaction: "m\(number)")
                    isAcknowledged = true
                } catch {}  // On record as the failure it is.
            }
        }
        log.add(
            SendLog.Entry(
                room: room.room, intended: intended, endedAt: .now, isAcknowledged: isAcknowledged))
    }
}

/// The sends of a run, each with the moment it was meant for.
public final class SendLog: Sendable {
    public struct Entry: Sendable {
        public let room: RoomID
        public let intended: ContinuousClock.Instant
        public let endedAt: ContinuousClock.Instant
        public let isAcknowledged: Bool

        public var latency: Duration { intended.duration(to: endedAt) }
    }

    private let entries = Mutex<[Entry]>([])

    var all: [Entry] { entries.withLock { $0 } }

    func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }
}
