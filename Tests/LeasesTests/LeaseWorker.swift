import Identifiers
import Leases
import Postgres
import TestSupport
import Testing

/// A room-writer as far as leases go: registered, claiming, and writing down what it is told.
final class LeaseWorker: Sendable {
    let id: WorkerID
    let leases: ShardLeases
    let record: Record
    let database: PostgresDatabase
    private let registry: WorkerRegistry
    private let work: Task<Void, Never>

    /// What the worker was told about each shard; calls about one shard must not overlap.
    actor Record: ShardOwning {
        private(set) var owned: [ShardID: OwnedShard] = [:]
        private(set) var acquisitions = 0
        private(set) var losses = 0
        private(set) var freezes = 0
        private var underWay: Set<ShardID> = []
        /// How long a freeze takes, as when a commit is in flight.
        private var freezing = Duration.zero

        func slowDownFreezing(to duration: Duration) { freezing = duration }

        func acquired(_ shard: OwnedShard) async {
            begin(shard.shard)
            acquisitions += 1
            #expect(owned[shard.shard] == nil, "a shard is gained once")
            owned[shard.shard] = shard
            await Task.yield()
            underWay.remove(shard.shard)
        }

        func freeze(_ shard: ShardID, successor: WorkerID?) async {
            begin(shard)
            freezes += 1
            #expect(owned[shard] != nil, "only a served shard is frozen")
            // Stands for the commit in flight; nothing waits for it by time.
            if freezing > .zero { try? await Task.sleep(for: freezing) }
            owned[shard] = nil
            underWay.remove(shard)
        }

        func lost(_ shard: ShardID) async {
            begin(shard)
            losses += 1
            #expect(owned[shard] != nil, "only a served shard is lost")
            owned[shard] = nil
            await Task.yield()
            underWay.remove(shard)
        }

        private func begin(_ shard: ShardID) {
            #expect(!underWay.contains(shard), "calls about one shard come one after another")
            underWay.insert(shard)
        }
    }

    private init(
        id: WorkerID, leases: ShardLeases, record: Record, registry: WorkerRegistry, database: PostgresDatabase,
        work: Task<Void, Never>
    ) {
        (self.id, self.leases, self.record, self.registry, self.database, self.work) =
            (id, leases, record, registry, database, work)
    }

    /// - Parameter address: where it says it listens; nobody does.
    static func start(_ name: String, url: String, address: String = "127.0.0.1:1") async throws -> LeaseWorker {
        let id = WorkerID(name: name)
        let database = PostgresDatabase(configuration: PostgresConfiguration(url: url), logger: .silent)
        let registry = WorkerRegistry(id: id, kind: .roomWriter, version: "test", database: database, logger: .silent)
        let record = Record()
        let leases = ShardLeases(worker: id, database: database, owner: record, logger: .silent)
        try await registry.register(
            phase: "ready", publicAddress: nil, internalAddress: address, operationsAddress: "127.0.0.1:2")
        let work = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await registry.run() }
                // Ends with the cancellation.
                group.addTask { try? await leases.run() }
            }
        }
        return LeaseWorker(
            id: id, leases: leases, record: record, registry: registry, database: database, work: work)
    }

    var shards: Set<ShardID> { get async { await leases.shards } }

    /// Leaves as a redeployed worker does.
    func leave() async throws {
        try await registry.enterDraining()
        await leases.drain()
        try await registry.remove()
        await crash()
    }

    /// Ends without a word.
    func crash() async {
        work.cancel()
        await database.shutdown()
        await work.value
    }
}
