import Identifiers
import Logging
import Metrics
import Postgres

/// Keeps a room-writer's leases: claims its share, renews, hands over, and notices what it lost.
///
/// The failure it prevents: two writers that both believe to own a shard. Belief is bounded by the monotonic clock here
/// and by the database's clock there, but safety does not rest on clocks: every commit checks the epoch.
///
/// Renewals have a connection and a loop of their own: a claim that waits for a frozen predecessor's row, or a hand-over
/// that waits for a commit, must not let the other shards' leases run out.
public actor ShardLeases {
    /// How often the leases are looked at: a shard given to us waits no longer than this.
    public static let tick = Duration.milliseconds(100)
    /// How often leases are renewed.
    public static let renewInterval = Duration.seconds(1)
    /// Without a renewal for this long the worker takes its leases for lost, before the database does.
    public static let believeMax = Duration.seconds(4)
    /// The longest hand-over of all shards when draining.
    public static let drainMax = Duration.seconds(20)
    /// The longest wait for an answer about leases; a connection that is silent for longer is made again.
    static let answerMax = Duration.seconds(3)
    /// After its connection broke a worker takes over from nobody for this long: the others' may have broken with it.
    static let graceAfterReconnect = Duration.seconds(5)

    private let worker: WorkerID
    private let database: PostgresDatabase
    private let owner: any ShardOwning
    private let logger: Logger
    private var tenure = ShardTenure<ContinuousClock.Instant>(believeMax: believeMax)
    private var isDraining = false
    /// The session lock is held: without it others take what we claim.
    private var isLockHeld = false
    private var wasConnected = false
    private var tell: AsyncStream<ShardID>.Continuation?
    private var graceUntil: ContinuousClock.Instant?
    private let ownedGauge = Gauge(label: "apus_shards_owned")
    private let moves = Counter(label: "apus_lease_moves_total")

    public init(worker: WorkerID, database: PostgresDatabase, owner: any ShardOwning, logger: Logger) {
        self.worker = worker
        self.database = database
        self.owner = owner
        self.logger = logger
    }

    /// The shards this worker serves now.
    public var shards: Set<ShardID> { tenure.owned }

    /// Keeps the leases until cancelled; a lost connection is made again.
    public func run() async throws {
        let (losses, tell) = AsyncStream.makeStream(of: ShardID.self)
        self.tell = tell
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.reconnecting("lease") { try await self.renew($0) } }
            group.addTask { try await self.reconnecting("moves") { try await self.move($0) } }
            group.addTask { try await self.watchBelief() }
            group.addTask { await self.report(losses) }
            // Each goes on until it is cancelled.
            try await group.waitForAll()
        }
    }

    /// Hands every shard to another writer; returns when none is left, or after ``drainMax``.
    public func drain() async {
        isDraining = true
        let deadline = ContinuousClock.now + Self.drainMax
        while !tenure.isEmpty, ContinuousClock.now < deadline {
            do { try await Task.sleep(for: Self.tick / 4) } catch { return }
        }
    }

    private func reconnecting(_ purpose: String, _ body: @Sendable (LeaseTable) async throws -> Void) async throws {
        while true {
            do {
                let connection = try await database.dedicatedConnection(
                    applicationName: "\(purpose) \(worker.text)", answerTimeout: Self.answerMax)
                do {
                    try await body(LeaseTable(connection: connection))
                } catch {
                    await connection.close()
                    throw error
                }
            } catch  where !Task.isCancelled {
                logger.warning("leases not kept", metadata: ["connection": "\(purpose)", "error": "\(error)"])
            }
            try await Task.sleep(for: Self.tick)
        }
    }

    // MARK: Renewing

    private func renew(_ table: LeaseTable) async throws {
        defer { isLockHeld = false }
        try await table.holdLock(of: worker)
        if wasConnected { graceUntil = .now + Self.graceAfterReconnect }
        (isLockHeld, wasConnected) = (true, true)
        while true {
            let sent = ContinuousClock.now
            let found = try await table.renew(for: worker)
            for shard in tenure.renewed(found, sent: sent) { tell?.yield(shard) }
            try await Task.sleep(for: Self.renewInterval)
        }
    }

    private func watchBelief() async throws {
        while true {
            for shard in tenure.noLongerBelieved(at: .now) { tell?.yield(shard) }
            try await Task.sleep(for: Self.tick)
        }
    }

    /// Tells each loss by itself: one that takes long must hold up neither another nor the renewals.
    private func report(_ losses: AsyncStream<ShardID>) async {
        await withDiscardingTaskGroup { group in
            for await shard in losses { group.addTask { await self.lose(shard) } }
        }
    }

    private func lose(_ shard: ShardID) async {
        logger.warning("shard lost", metadata: ["shard": "\(shard)"])
        moves.increment()
        ownedGauge.record(tenure.owned.count)
        await owner.lost(shard)
        tenure.ended(shard)
    }

    // MARK: Moving

    private func move(_ table: LeaseTable) async throws {
        try await table.boundLockWaits()
        while true {
            if isLockHeld { try await act(on: table) }
            // Draining goes on without a pause between its small groups.
            try await Task.sleep(for: isDraining ? Self.tick / 10 : Self.tick)
        }
    }

    private func act(on table: LeaseTable) async throws {
        var view = try await table.view()
        guard view.isHistoryKnown else {
            try await ClusterGeneration.check(table.connection, logger: logger)
            return
        }
        if let graceUntil, .now < graceUntil { view.isInGrace = true }
        let plan = ShardLeasePlan(of: view, me: worker, owned: tenure.owned, isDraining: isDraining)
        if let unreachable = plan.voteOut, try await table.voteOut(unreachable) {
            logger.warning(
                "room-writer voted out: client workers cannot reach it", metadata: ["writer": "\(unreachable)"])
        }
        for predecessor in Set(plan.claims.compactMap(\.predecessor)) { try await table.endSessions(of: predecessor) }
        for claim in plan.claims where tenure.mayClaim(claim.shard) { try await take(claim, table) }
        await handOver(plan.handOvers, table)
        ownedGauge.record(tenure.owned.count)
    }

    private func take(_ claim: ShardLeasePlan.Claim, _ table: LeaseTable) async throws(PostgresError) {
        let began = ContinuousClock.now
        let taken: OwnedShard?
        do {
            taken = try await table.claim(claim, for: worker)
        } catch {
            guard error.sqlState != nil else { throw error }
            // As when the predecessor's transaction does not end: the other shards must not wait for it.
            logger.warning("shard not claimed", metadata: ["shard": "\(claim.shard)", "error": "\(error)"])
            return
        }
        guard let taken else { return }
        tenure.took(claim.shard, began: began, now: .now)
        moves.increment()
        await owner.acquired(taken)
        tenure.told(claim.shard)
    }

    /// Freezes a small group at once and gives it away in one go each: the pause of a room is its own shard's only.
    private func handOver(_ handOvers: [ShardLeasePlan.HandOver], _ table: LeaseTable) async {
        let (owner, worker, logger) = (owner, worker, logger)
        await withTaskGroup(of: ShardID.self) { group in
            for handOver in handOvers {
                // What is not served, as given to us while draining, needs no freezing.
                let isServed = tenure.giveUp(handOver.shard)
                guard isServed || tenure.mayClaim(handOver.shard) else { continue }
                group.addTask {
                    if isServed { await owner.freeze(handOver.shard, successor: handOver.successor) }
                    do {
                        try await table.handOver(handOver.shard, from: worker, to: handOver.successor)
                    } catch {
                        // The lease is still ours: the next look at it claims it again, or gives it away.
                        logger.warning("hand-over not written", metadata: ["error": "\(error)"])
                    }
                    return handOver.shard
                }
            }
            for await shard in group {
                tenure.ended(shard)
                moves.increment()
            }
        }
    }
}
