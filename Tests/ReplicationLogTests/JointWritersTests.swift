import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

/// Workers that commit many shards together while they take shards from each other and some of what they write is poison.
@Suite struct JointWritersTests {
    private static let workers = 4
    private static let shardsEach = 6
    private static let rounds = 40

    /// What one worker was told.
    private struct Told {
        var acknowledged: [String] = []
        var fenced = 0
        var refused = 0
        var joint = 0
    }

    @Test func whatIsAcknowledgedIsSeenOnceAndNothingElse() async throws {
        try await TestDatabase.with { test in
            let records = (0..<2).map { _ in TailRecord() }
            let tails = records.map { record in
                LogTail(database: test.database, logger: .silent) { record.take($0) }
            }
            for tail in tails { try await tail.start() }
            let following = tails.map { tail in Task { try await tail.run() } }
            let told = try await withThrowingTaskGroup(of: Told.self) { group in
                for number in 0..<Self.workers { group.addTask { try await Self.write(number, test) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let acknowledged = told.flatMap(\.acknowledged)
            #expect(Set(acknowledged).count == acknowledged.count)
            for record in records {
                #expect(try await comesTrue { record.count == acknowledged.count })
                #expect(record.faults == [])
                #expect(record.gaps == 0)
                let seen = (0..<Int16(Self.workers * Self.shardsEach)).flatMap { record.keys(of: ShardID($0)) }
                #expect(Set(seen) == Set(acknowledged))
            }
            let stored = try await test.database.query("SELECT user_id FROM to_device")
            #expect(Set(try stored.map { try $0.text("user_id") }) == Set(acknowledged))
            #expect(told.allSatisfy { $0.joint > 0 && $0.refused > 0 })
            #expect(told.contains { $0.fenced > 0 })
            for task in following {
                task.cancel()
                _ = await task.result
            }
        }
    }

    private static func write(_ number: Int, _ test: TestDatabase) async throws -> Told {
        let worker = WorkerID(name: "joint-\(number)")
        let connections = CommitConnections(database: test.database, worker: worker)
        let shards = JointShards(worker, connections: connections)
        let own = (0..<shardsEach).map { Int16(number * shardsEach + $0) }
        try await shards.claim(own, database: test.database)
        var told = Told()
        for round in 0..<rounds {
            // Each takes a shard of the next, who finds out by being fenced, and takes back what was taken.
            let next = Int16((number + 1) % workers * shardsEach + round % shardsEach)
            if round % 8 == 3 { try await shards.claim([next], database: test.database) }
            if round % 8 == 7 { try await shards.claim(own, database: test.database) }
            let mine = await shards.shards.keys.sorted()
            let loads = mine.map { shard in
                let isPoison = round % 5 == 4 && shard == mine[round % mine.count]
                return JointShards.Load(
                    shard: shard, keys: ["@\(number)-\(round)-\(shard)\(isPoison ? "\u{0}" : ""):x"],
                    command: [UInt8(number), UInt8(round), UInt8(shard.number)])
            }
            for (load, outcome) in zip(loads, await shards.carry(loads)) {
                switch outcome {
                case .committed: told.acknowledged += load.keys
                case .refused(let error):
                    #expect(error.sqlState == "22021")
                    told.refused += 1
                case .fenced:
                    told.fenced += 1
                    if await shards.recover(load.shard) == nil { await shards.giveUp(load.shard) }
                case .inDoubt: Issue.record("nothing was cut")
                }
            }
        }
        told.joint = await shards.jointCommits
        await connections.close()
        return told
    }
}
