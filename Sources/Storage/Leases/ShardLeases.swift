import Identifiers
import Logging
import Metrics
import Postgres

/// Who serves the shards: told what it owns, and what it does not any more.
public protocol ShardOwning: Sendable {
    /// The shard is this worker's from `owned.head` on.
    func acquired(_ owned: OwnedShard) async
    /// Stop taking commands, let the commit in flight end, answer the rest "moved" to `successor`; then return.
    func freeze(_ shard: ShardID, successor: WorkerID?) async
    /// The shard is somebody else's already; commits in flight are fenced.
    func lost(_ shard: ShardID) async
}

/// Keeps a room-writer's leases: claims its share, renews, hands over, and notices what it lost.
///
/// The failure it prevents: two writers that both believe to own a shard. Belief is bounded by the monotonic clock here
/// and by the database's clock there, but safety does not rest on clocks: every commit checks the epoch.
public actor ShardLeases {
    /// How often the leases are looked at: a shard given to us waits no longer than this.
    public static let tick = Duration.milliseconds(100)
    /// How often leases are renewed.
    public static let renewInterval = Duration.seconds(1)
    /// Without a renewal for this long the worker takes its leases for lost, before the database does.
    public static let believeMax = Duration.seconds(4)
    /// The longest hand-over of all shards when draining.
    public static let drainMax = Duration.seconds(20)

    private let worker: WorkerID
    private let database: PostgresDatabase
    private let owner: any ShardOwning
    private let logger: Logger
    private var owned: Set<ShardID> = []
    private var renewedAt = ContinuousClock.now
    private var isDraining = false
    private let ownedGauge = Gauge(label: "apus_shards_owned")
    private let moves = Counter(label: "apus_lease_moves_total")

    public init(worker: WorkerID, database: PostgresDatabase, owner: any ShardOwning, logger: Logger) {
        self.worker = worker
        self.database = database
        self.owner = owner
        self.logger = logger
    }

    /// The shards this worker serves now.
    public var shards: Set<ShardID> { owned }

    /// Keeps the leases until cancelled; a lost connection is made again.
    public func run() async throws {
        while !Task.isCancelled {
            do {
                let connection = try await database.dedicatedConnection(applicationName: "lease \(worker.text)")
                await keep(LeaseTable(connection: connection))
                await connection.close()
            } catch {
                logger.warning("no lease connection", metadata: ["error": "\(error)"])
            }
            await loseWhatIsNoLongerBelieved()
            try await Task.sleep(for: Self.tick)
        }
    }

    /// Hands every shard to another writer; returns when none is left, or after ``drainMax``.
    public func drain() async {
        isDraining = true
        let deadline = ContinuousClock.now + Self.drainMax
        while !owned.isEmpty, ContinuousClock.now < deadline {
            do { try await Task.sleep(for: Self.tick / 4) } catch { return }
        }
    }

    /// Works on one connection until it fails.
    private func keep(_ table: LeaseTable) async {
        do {
            try await table.holdLock(of: worker)
            while !Task.isCancelled {
                try await renewIfDue(table)
                try await act(on: table)
                // Draining goes on without a pause between its small groups.
                try await Task.sleep(for: isDraining ? Self.tick / 10 : Self.tick)
            }
        } catch {
            logger.warning("leases not kept", metadata: ["error": "\(error)"])
        }
    }

    private func renewIfDue(_ table: LeaseTable) async throws {
        let began = ContinuousClock.now
        guard began - renewedAt >= Self.renewInterval else { return }
        let renewed = try await table.renew(for: worker)
        renewedAt = began
        for shard in owned.subtracting(renewed) { await lose(shard) }
    }

    private func act(on table: LeaseTable) async throws {
        let view = try await table.view()
        let plan = ShardLeasePlan(of: view, me: worker, owned: owned, isDraining: isDraining)
        for predecessor in Set(plan.claims.compactMap(\.predecessor)) { try await table.endSessions(of: predecessor) }
        for claim in plan.claims {
            guard let taken = try await table.claim(claim, for: worker) else { continue }
            if owned.isEmpty { renewedAt = .now }
            owned.insert(claim.shard)
            moves.increment()
            await owner.acquired(taken)
        }
        await handOver(plan.handOvers, table)
        ownedGauge.record(owned.count)
    }

    /// Freezes a small group at once and gives it away in one go each: the pause of a room is its own shard's only.
    private func handOver(_ handOvers: [ShardLeasePlan.HandOver], _ table: LeaseTable) async {
        let (owner, worker, logger) = (owner, worker, logger)
        await withTaskGroup(of: ShardID?.self) { group in
            for handOver in handOvers {
                group.addTask {
                    await owner.freeze(handOver.shard, successor: handOver.successor)
                    do {
                        try await table.handOver(handOver.shard, from: worker, to: handOver.successor)
                    } catch {
                        // The lease runs out by itself; nothing is served under it any more.
                        logger.warning("hand-over not written", metadata: ["error": "\(error)"])
                    }
                    return handOver.shard
                }
            }
            for await shard in group {
                if let shard { owned.remove(shard) }
                moves.increment()
            }
        }
    }

    private func loseWhatIsNoLongerBelieved() async {
        guard ContinuousClock.now - renewedAt > Self.believeMax else { return }
        for shard in owned { await lose(shard) }
    }

    private func lose(_ shard: ShardID) async {
        logger.warning("shard lost", metadata: ["shard": "\(shard)"])
        owned.remove(shard)
        moves.increment()
        await owner.lost(shard)
    }
}
