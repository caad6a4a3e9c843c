import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

/// Some shards of one worker that commit together, as a room-writer's do: each by itself when they are refused together.
actor JointShards {
    struct Shard {
        let appender: ShardAppender
        var head: ShardSequence
    }

    /// What one shard is to append.
    struct Load {
        let shard: ShardID
        let keys: [String]
        let command: [UInt8]
    }

    let worker: WorkerID
    private let connections: CommitConnections
    private(set) var shards: [ShardID: Shard] = [:]
    /// How often a transaction of several took effect.
    private(set) var jointCommits = 0

    init(_ worker: WorkerID, connections: CommitConnections) {
        self.worker = worker
        self.connections = connections
    }

    /// Takes shards, whoever has them; their commits go by `connections`, everything else by `database`.
    func claim(_ numbers: [Int16], database: PostgresDatabase) async throws {
        for number in numbers {
            let shard = ShardID(number)
            var owned: OwnedShard?
            // Another may be faster once; whoever comes after it sees its epoch.
            for _ in 0..<10 where owned == nil {
                owned = try await TestWriter.own(shard, for: worker, database: database)
            }
            let appender = ShardAppender(
                owned: try #require(owned), worker: worker, database: database, connections: connections,
                logger: .silent)
            shards[shard] = Shard(appender: appender, head: try #require(owned).head)
        }
    }

    func head(of shard: ShardID) -> ShardSequence { shards[shard]?.head ?? .zero }

    /// Commits loads of different shards together; `nil` when they were refused together and nothing is written.
    func commitTogether(_ loads: [Load]) async -> [AppendOutcome]? {
        let works = loads.map { work(of: $0) }
        let statements = works.flatMap(\.statements)
        var parts: [JointCommit.Part] = []
        for (load, work) in zip(loads, works) {
            guard let shard = shards[load.shard] else { continue }
            let bare = GroupCommit(base: work.base, entries: work.entries, results: work.results, statements: [])
            parts.append(JointCommit.Part(appender: shard.appender, work: bare))
        }
        let outcomes = await JointCommit.commit(parts, statements: statements, on: connections)
        if let outcomes {
            jointCommits += 1
            for (load, outcome) in zip(loads, outcomes) { note(outcome, of: load.shard) }
        }
        return outcomes
    }

    /// Commits a load by itself.
    func commit(_ load: Load) async -> AppendOutcome? {
        guard let shard = shards[load.shard] else { return nil }
        let outcome = await shard.appender.commit(work(of: load))
        note(outcome, of: load.shard)
        return outcome
    }

    /// Commits loads together, and those that are refused together one by one.
    func carry(_ loads: [Load]) async -> [AppendOutcome] {
        if let outcomes = await commitTogether(loads) { return outcomes }
        var outcomes: [AppendOutcome] = []
        for load in loads { if let outcome = await commit(load) { outcomes.append(outcome) } }
        return outcomes
    }

    /// Finds out where a shard's head is; `nil` when it is lost.
    func recover(_ shard: ShardID) async -> ShardSequence? {
        guard let head = await shards[shard]?.appender.recover() else { return nil }
        shards[shard]?.head = head
        return head
    }

    func giveUp(_ shard: ShardID) { shards[shard] = nil }

    private func work(of load: Load) -> GroupCommit {
        TestWriter.work(load.keys, shard: load.shard, base: head(of: load.shard), command: load.command)
    }

    private func note(_ outcome: AppendOutcome, of shard: ShardID) {
        if case .committed(let head) = outcome { shards[shard]?.head = head }
    }
}

/// What is stored of one shard.
struct StoredShard: Equatable {
    var head: Int64
    /// Keys of the log, in order.
    var keys: [String]
    /// Rows of the base table.
    var rows: Int
    var results: Int

    init(_ number: Int16, in test: TestDatabase) async throws {
        let database = test.database
        let shard = try await database.query("SELECT seq FROM head WHERE shard = $1", number)
        head = try #require(shard.first).int64("seq")
        let log = try await database.query("SELECT seq, key FROM log WHERE shard = $1 ORDER BY seq", number)
        #expect(try log.map { try $0.int64("seq") } == Array(1..<Int64(log.count + 1)), "shard \(number) has no gap")
        keys = try log.map { try $0.text("key") }
        rows = try await database.query("SELECT FROM to_device WHERE shard = $1", number).count
        results = try await database.query("SELECT FROM command_result WHERE shard = $1", number).count
    }

    init(keys: [String], results: Int) {
        head = Int64(keys.count)
        self.keys = keys
        rows = keys.count
        self.results = results
    }
}
