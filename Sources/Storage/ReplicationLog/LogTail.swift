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
    /// After this many steps that failed one after another only the heads are read: too many rows may be the reason.
    static let failuresMax = 3

    private struct Ring {
        /// Entries after this position are remembered without a gap.
        var start: ShardSequence
        var entries: Deque<LogEntry> = []
    }

    private struct Waiter {
        let cut: Cut
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var cut: Cut?
        var rings: [Ring] = []
        /// Where a hint goes while ``run()`` listens; several become one.
        var hints: AsyncStream<Void>.Continuation?
        var waiters: [UInt64: Waiter] = [:]
        /// Waits that ended before they had begun.
        var abandoned: Set<UInt64> = []
        var nextNumber: UInt64 = 0
    }

    private let database: any PostgresQuerying
    private let logger: Logger
    private let state = Mutex(State())
    private let onUpdate: @Sendable (TailUpdate) -> Void
    private let onVisible: @Sendable (TailUpdate) -> Void
    private let steps = Counter(label: "apus_tail_steps_total")
    private let gaps = Counter(label: "apus_tail_gaps_total")
    /// The sum over all shards: set against the heads' it says how far behind this worker is.
    private let position = Gauge(label: "apus_log_tail_position")

    /// - Parameters:
    ///   - onUpdate: called after each step that moved, in order, before anybody can see its cut: for what has to be
    ///     known when the cut is read from.
    ///   - onVisible: called after that, when ``current`` is the step's cut: for waking those who will read from it.
    public init(
        database: any PostgresQuerying, logger: Logger, onUpdate: @escaping @Sendable (TailUpdate) -> Void = { _ in },
        onVisible: @escaping @Sendable (TailUpdate) -> Void = { _ in }
    ) {
        self.database = database
        self.logger = logger
        self.onUpdate = onUpdate
        self.onVisible = onVisible
    }

    /// Where the tail is; `nil` before its first step.
    public var current: Cut? { state.withLock { $0.cut } }

    /// A shard may have moved; loses nothing by being called too often or never.
    public func hint() {
        state.withLock { $0.hints }?.yield()
    }

    /// Takes the first cut: the heads as they are.
    public func start() async throws {
        let cut = try await heads()
        state.withLock { state in
            state.cut = cut
            state.rings = cut.positions.map { Ring(start: $0) }
        }
        record(cut)
    }

    /// Waits until the tail has everything that is committed now: for answers in which nothing may be missing that
    /// somebody was told elsewhere before.
    ///
    /// - Returns: whether it has, within `limit`.
    public func catchUp(atMost limit: Duration) async throws -> Bool {
        await wait(until: try await heads(), atMost: limit)
    }

    /// The heads of all shards, in one snapshot.
    private func heads() async throws -> Cut {
        let rows = try await database.query("SELECT shard, seq, generation FROM head ORDER BY shard")
        var positions: [ShardSequence] = []
        var generation: Int64 = 0
        for row in rows {
            let number = Int(try row.int16("shard"))
            precondition(number == positions.count, "shards are numbered without a gap")
            positions.append(ShardSequence(try row.int64("seq")))
            generation = max(generation, try row.int64("generation"))
        }
        return Cut(generation: generation, positions: positions)
    }

    /// Follows until cancelled; a database that is away is waited for.
    ///
    /// - Throws: ``LogFailure`` for what this build does not understand: going on would lose it.
    public func run() async throws {
        let (hints, hint) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.hints = hint }
        hint.yield()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.follow(hints) }
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.pollInterval)
                    hint.yield()
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func follow(_ hints: AsyncStream<Void>) async throws {
        var failures = 0
        for await _ in hints {
            do {
                // After an error the server may be another one.
                if failures > 0 { try await ClusterGeneration.check(database, logger: logger) }
                try await step(entriesMax: failures < Self.failuresMax ? Self.rowsPerShardMax : 0)
                failures = 0
            } catch let error as PostgresError {
                failures += 1
                logger.warning("log not read", metadata: ["error": "\(error)"])
            }
        }
        try Task.checkCancellation()
    }

    // MARK: A step

    /// Takes one step, if anything moved.
    package func step(entriesMax: Int = LogTail.rowsPerShardMax) async throws {
        guard let before = current else { return try await start() }
        let readings = try await HeadReading.read(since: before, entriesMax: entriesMax, from: database)
        guard !readings.isEmpty else { return }
        switch TailStep(readings, after: before) {
        case .moved(let update):
            steps.increment()
            apply(update)
        case .wentBack:
            try await ClusterGeneration.headsWentBack(
                from: before.positions, of: before.generation, in: database, logger: logger)
        }
    }

    private func apply(_ update: TailUpdate) {
        if !update.unexplained.isEmpty { gaps.increment() }
        onUpdate(update)
        let ready = state.withLock { state in
            state.cut = update.cut
            for shard in update.unexplained { state.rings[Int(shard.number)] = Ring(start: update.cut[shard]) }
            for entry in update.entries { Self.remember(entry, in: &state.rings[Int(entry.shard.number)]) }
            let ready = state.waiters.filter { update.cut.isAtLeast($0.value.cut) }
            for number in ready.keys { state.waiters[number] = nil }
            return ready.values
        }
        record(update.cut)
        for waiter in ready { waiter.continuation.resume(returning: true) }
        onVisible(update)
    }

    private func record(_ cut: Cut) { position.record(cut.positions.reduce(0) { $0 + $1.value }) }

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
        defer { state.withLock { _ = $0.abandoned.remove(number) } }
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
            let answer = state.withLock { state -> Bool? in
                if let current = state.cut, current.isAtLeast(cut) { return true }
                if state.abandoned.contains(number) { return false }
                state.waiters[number] = Waiter(cut: cut, continuation: continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { state in
            state.abandoned.insert(number)
            return state.waiters.removeValue(forKey: number)
        }
        waiter?.continuation.resume(returning: false)
    }

    /// What happened after `from` up to `to`: from memory, else from the log table, else the base tables are to be asked.
    public func changes(after from: Cut, upTo to: Cut) async throws -> LogChanges {
        var entries: [LogEntry] = []
        var elsewhere: [ShardID] = []
        state.withLock { state in
            for shard in to.shards where from[shard] < to[shard] {
                guard Int(shard.number) < state.rings.count else { continue }
                let ring = state.rings[Int(shard.number)]
                if ring.start > from[shard] || state.cut.map({ $0[shard] < to[shard] }) ?? true {
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

    /// `cut` as it is to be read from now: clamped to what survived when it is of an older generation.
    public func surviving(_ cut: Cut) async throws -> Cut {
        guard let current, cut.generation < current.generation else { return cut }
        return try await LogTable(database: database).surviving(cut)
    }
}
