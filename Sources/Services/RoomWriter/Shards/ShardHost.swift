import Identifiers
import Leases
import Logging
import Postgres
import ReplicationLog
import Synchronization
import WorkerContracts

/// The shards a worker owns, each with its writer.
final class ShardHost: ShardOwning {
    private let worker: WorkerID
    private let database: PostgresDatabase
    private let connections: CommitConnections
    private let environment: ShardEnvironment
    private let writers = Mutex<[ShardID: ShardWriter]>([:])

    init(
        worker: WorkerID, database: PostgresDatabase, connections: CommitConnections, environment: ShardEnvironment
    ) {
        self.worker = worker
        self.database = database
        self.connections = connections
        self.environment = environment
    }

    /// How many shards are served now.
    var count: Int { writers.withLock { $0.count } }

    /// The shards that are served now.
    var owned: [ShardID] { writers.withLock { Array($0.keys) } }

    /// Has a command take effect in `shard`, if this worker owns it.
    func execute(_ envelope: CommandEnvelope, in shard: ShardID) async -> WriterReply {
        guard let writer = writers.withLock({ $0[shard] }) else {
            let reply = WriterReply.moved(to: nil)
            environment.metrics.count(envelope.command.kind, reply)
            return reply
        }
        return await writer.execute(envelope)
    }

    func evict(_ keys: [RoomBudget.Key]) {
        for key in keys {
            guard let writer = writers.withLock({ $0[key.shard] }) else {
                environment.budget.remove(key)
                continue
            }
            environment.jobs.start { await writer.evict(key.room) }
        }
    }

    // MARK: Ownership

    func acquired(_ owned: OwnedShard) async {
        let appender = ShardAppender(
            owned: owned, worker: worker, database: database, connections: connections, logger: environment.logger)
        let writer = ShardWriter(owned: owned, appender: appender, environment: environment)
        let former = writers.withLock { writers in
            defer { writers[owned.shard] = writer }
            return writers[owned.shard]
        }
        environment.jobs.start { await writer.run() }
        await former?.lose()
    }

    func freeze(_ shard: ShardID, successor: WorkerID?) async {
        guard let writer = writers.withLock({ $0.removeValue(forKey: shard) }) else { return }
        await writer.freeze(successor: successor)
    }

    func lost(_ shard: ShardID) async {
        await writers.withLock { $0.removeValue(forKey: shard) }?.lose()
    }
}
