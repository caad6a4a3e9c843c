import Collections
import Identifiers
import Leases
import Logging
import Metrics
import Postgres
import Synchronization

/// What a tail's step brought.
public struct TailUpdate: Sendable {
    public let cut: Cut
    /// In order of shard and position.
    public let entries: [LogEntry]
    /// Shards that moved without entries that say how: the log did not reach back, or the generation changed.
    public let unexplained: [ShardID]
}

/// What happened between two cuts, as far as a tail or the log can tell.
public struct LogChanges: Sendable {
    public let entries: [LogEntry]
    /// Shards that moved and for which the base tables have to be asked.
    public let missing: [ShardID]
}

/// A worker's view of the log: follows all shards in cuts and remembers the recent past.
///
/// A hint or a quarter of a second, whichever is first, makes it read all heads and all new rows in one statement, so
/// that shards are never seen out of step. What it remembers is bounded; who asks further back is sent to the log table,
/// and further still to the base tables.
public final class LogTail: Sendable {
    public static let pollInterval = Duration.milliseconds(250)
    /// Entries remembered per shard.
    public static let rememberedPerShardMax = 4_000
    /// Rows of one shard read in one step; a tail further behind starts again at the head.
    public static let rowsPerShardMax = 5_000

    private struct Ring {
        /// Entries after this position are remembered without a gap.
        var start: ShardSequence
        var entries: Deque<LogEntry> = []
    }

    private struct State {
        var cut: Cut?
        var rings: [Ring] = []
        var isHinted = false
        var sleeper: CheckedContinuation<Void, Never>?
        var waiters: [(cut: Cut, number: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        var nextNumber: UInt64 = 0
    }

    private let database: any PostgresQuerying
    private let logger: Logger
    private let state = Mutex(State())
    private let onUpdate: @Sendable (TailUpdate) -> Void
    private let steps = Counter(label: "apus_tail_steps_total")
    private let gaps = Counter(label: "apus_tail_gaps_total")

    /// - Parameter onUpdate: called after each step that moved, in order, before anybody can see its cut.
    public init(
        database: any PostgresQuerying, logger: Logger, onUpdate: @escaping @Sendable (TailUpdate) -> Void = { _ in }
    ) {
        self.database = database
        self.logger = logger
        self.onUpdate = onUpdate
    }

    /// Where the tail is; `nil` before its first step.
    public var current: Cut? { state.withLock { $0.cut } }

    /// A shard may have moved; loses nothing by being called too often or never.
    public func hint() {
        let sleeper = state.withLock { state in
            state.isHinted = true
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// Takes the first cut: the heads as they are.
    public func start() async throws {
        let rows = try await database.query("SELECT shard, seq, generation FROM head ORDER BY shard")
        var positions: [ShardSequence] = []
        var generation: Int64 = 0
        for row in rows {
            let number = Int(try row.int16("shard"))
            precondition(number == positions.count, "shards are numbered without a gap")
            positions.append(ShardSequence(try row.int64("seq")))
            generation = max(generation, try row.int64("generation"))
        }
        let cut = Cut(generation: generation, positions: positions)
        state.withLock { state in
            state.cut = cut
            state.rings = positions.map { Ring(start: $0) }
        }
    }

    /// Follows until cancelled; a database that is away is waited for.
    ///
    /// - Throws: ``LogFailure`` for what this build does not understand: going on would lose it.
    public func run() async throws {
        if current == nil { try await start() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.followHeads() }
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.pollInterval)
                    self.hint()
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func followHeads() async throws {
        while !Task.isCancelled {
            await sleepUntilHinted()
            do {
                try await step()
            } catch let error as PostgresError {
                logger.warning("log not read", metadata: ["error": "\(error)"])
            }
        }
    }

    private func sleepUntilHinted() async {
        await withCheckedContinuation { continuation in
            let isHinted = state.withLock { state in
                defer { state.isHinted = false }
                if !state.isHinted { state.sleeper = continuation }
                return state.isHinted
            }
            if isHinted { continuation.resume() }
        }
        state.withLock { $0.isHinted = false }
    }

    // MARK: A step

    /// Reads all heads and what is new up to them, in one statement and so in one snapshot.
    package func step() async throws {
        guard let before = current else { return try await start() }
        let rows = try await database.query(
            """
            SELECT h.shard, h.seq AS head, h.generation, l.seq, l.epoch, l.kind, l.format, l.key
              FROM head AS h JOIN unnest($1::bigint[]) WITH ORDINALITY AS p (seq, n) ON h.shard = p.n - 1
              LEFT JOIN LATERAL (
                   SELECT seq, epoch, kind, format, key FROM log
                    WHERE log.shard = h.shard AND log.seq > p.seq AND log.seq <= h.seq
                    ORDER BY log.seq LIMIT $3) AS l ON h.seq - p.seq <= $3
             WHERE h.seq <> p.seq OR h.generation <> $2
             ORDER BY h.shard, l.seq
            """, before.positions.map(\.value), before.generation, Int64(Self.rowsPerShardMax))
        guard !rows.isEmpty else { return }
        steps.increment()
        apply(try TailStep(rows: rows, before: before))
    }

    private func apply(_ step: TailStep) {
        if !step.update.unexplained.isEmpty { gaps.increment() }
        onUpdate(step.update)
        let ready = state.withLock { state in
            state.cut = step.update.cut
            for shard in step.update.unexplained {
                state.rings[Int(shard.number)] = Ring(start: step.update.cut[shard])
            }
            for entry in step.update.entries { Self.remember(entry, in: &state.rings[Int(entry.shard.number)]) }
            let ready = state.waiters.filter { step.update.cut.isAtLeast($0.cut) }
            state.waiters.removeAll { step.update.cut.isAtLeast($0.cut) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume(returning: true) }
    }

    private static func remember(_ entry: LogEntry, in ring: inout Ring) {
        ring.entries.append(entry)
        if ring.entries.count > rememberedPerShardMax, let dropped = ring.entries.popFirst() {
            ring.start = dropped.sequence
        }
    }

    // MARK: Asking

    /// Waits until the tail has reached `cut`.
    ///
    /// - Returns: whether it has, within `limit`.
    public func wait(until cut: Cut, atMost limit: Duration) async -> Bool {
        if let current, current.isAtLeast(cut) { return true }
        hint()
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        return await withTaskGroup(of: Bool?.self) { group in
            group.addTask { await self.enqueue(cut, number) }
            group.addTask {
                // Cancellation ends the wait as the time limit does.
                try? await Task.sleep(for: limit)
                self.giveUp(number)
                return nil
            }
            for await outcome in group {
                guard let outcome else { continue }
                group.cancelAll()
                return outcome
            }
            return false
        }
    }

    private func enqueue(_ cut: Cut, _ number: UInt64) async -> Bool {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if let current = state.cut, current.isAtLeast(cut) { return true }
                state.waiters.append((cut, number, continuation))
                return false
            }
            if isReached { continuation.resume(returning: true) }
        }
    }

    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: false)
    }

    /// What happened after `from` up to `to`: from memory, else from the log table, else the base tables are to be asked.
    ///
    /// - Precondition: `to` is not ahead of the tail.
    public func changes(after from: Cut, upTo to: Cut) async throws -> LogChanges {
        var entries: [LogEntry] = []
        var elsewhere: [ShardID] = []
        state.withLock { state in
            for shard in to.shards where from[shard] < to[shard] {
                guard Int(shard.number) < state.rings.count else { continue }
                let ring = state.rings[Int(shard.number)]
                if ring.start > from[shard] {
                    elsewhere.append(shard)
                } else {
                    entries += ring.entries.drop { $0.sequence <= from[shard] }.prefix { $0.sequence <= to[shard] }
                }
            }
        }
        guard !elsewhere.isEmpty else { return LogChanges(entries: entries, missing: []) }
        let stored = try await LogTable(database: database).changes(of: elsewhere, after: from, upTo: to)
        return LogChanges(entries: entries + stored.entries, missing: stored.missing)
    }
}
