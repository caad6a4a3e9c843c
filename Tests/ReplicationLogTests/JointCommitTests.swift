import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

/// Several shards in one transaction: all or none of them, and after a refusal each for itself.
@Suite struct JointCommitTests {
    private let worker = WorkerID(name: "joint")

    private func with(_ numbers: [Int16], _ body: (TestDatabase, JointShards) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let shards = JointShards(worker, connections: connections)
            try await shards.claim(numbers, database: test.database)
            try await body(test, shards)
            await connections.close()
        }
    }

    /// One load a shard, with keys that name it; `round` tells the loads of a shard apart.
    private func loads(_ numbers: [Int16], round: UInt8 = 1, keys count: Int = 2) -> [JointShards.Load] {
        numbers.map { load($0, keys(of: $0, round, count), round: round) }
    }

    private func load(_ number: Int16, _ keys: [String], round: UInt8) -> JointShards.Load {
        JointShards.Load(shard: ShardID(number), keys: keys, command: [UInt8(number), round])
    }

    private func keys(of number: Int16, _ round: UInt8, _ count: Int = 2) -> [String] {
        (0..<count).map { "@\(number)-\(round)-\($0):x" }
    }

    private func name(_ outcome: AppendOutcome) -> String {
        switch outcome {
        case .committed(let head): "committed \(head.value)"
        case .fenced: "fenced"
        case .refused(let error): "refused \(error.sqlState ?? "by nobody")"
        case .inDoubt: "in doubt"
        }
    }

    private func expect(
        _ test: TestDatabase, _ expected: [Int16: [String]], results: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for (number, keys) in expected {
            let stored = try await StoredShard(number, in: test)
            #expect(
                stored == StoredShard(keys: keys, results: keys.isEmpty ? 0 : results), "shard \(number)",
                sourceLocation: sourceLocation)
        }
    }

    @Test func everyShardGetsItsOwnRowsAndPositions() async throws {
        try await with([3, 9, 40]) { test, shards in
            for round: UInt8 in 1...3 {
                let outcomes = try #require(await shards.commitTogether(loads([40, 3, 9], round: round)))
                #expect(outcomes.map(name) == Array(repeating: "committed \(round * 2)", count: 3))
            }
            for number: Int16 in [3, 9, 40] {
                let all = (1...3).flatMap { keys(of: number, $0) }
                try await expect(test, [number: all], results: 3)
            }
            let epochs = try await test.database.query(
                "SELECT FROM log JOIN head USING (shard) WHERE log.epoch <> head.epoch")
            #expect(epochs.isEmpty)
        }
    }

    @Test func aFencedShardLetsNothingOfTheOthersThroughAndTheyGoAlone() async throws {
        try await with([3, 9, 40]) { test, shards in
            let other = CommitConnections(database: test.database, worker: WorkerID(name: "other"))
            let successor = try await TestWriter.claim(
                9, for: WorkerID(name: "other"), database: test.database, connections: other)
            #expect(await shards.commitTogether(loads([3, 9, 40])) == nil)
            try await expect(test, [3: [], 9: [], 40: []], results: 0)

            let outcomes = await shards.carry(loads([3, 9, 40]))
            #expect(outcomes.map(name) == ["committed 2", "fenced", "committed 2"])
            try await expect(test, [3: keys(of: 3, 1), 9: [], 40: keys(of: 40, 1)], results: 1)
            #expect(await shards.recover(ShardID(9)) == nil, "the shard is the successor's")
            try await successor.append(["@successor:x"])
            try await expect(test, [9: ["@successor:x"]], results: 1)
            await other.close()
        }
    }

    @Test func aShardWhoseHeadIsElsewhereIsFencedAndFindsIt() async throws {
        try await with([3, 9]) { test, shards in
            // Somebody with the right epoch wrote what this worker does not know of: a commit in doubt that was forgotten.
            try await test.database.query("UPDATE head SET seq = seq + 5 WHERE shard = 9")
            #expect(await shards.carry(loads([3, 9])).map(name) == ["committed 2", "fenced"])
            #expect(await shards.recover(ShardID(9)) == ShardSequence(5))
            #expect(await shards.carry(loads([3, 9], round: 2)).map(name) == ["committed 4", "committed 7"])
        }
    }

    /// What the database cannot store: NUL in text, and a row that is there already.
    @Test(arguments: ["22021", "23505"])
    func aPoisonousShardIsRefusedAndTheOthersGoAlone(state: String) async throws {
        try await with([3, 9, 40]) { test, shards in
            let poison = state == "22021" ? ["@ok:x", "@nul\u{0}:x"] : ["@ok:x"]
            if state == "23505" {
                try await test.database.query(
                    """
                    INSERT INTO to_device (user_id, device_id, shard, seq, message) VALUES ('@ok:x', 'device', 63, 1, '')
                    """)
            }
            let all = [
                load(3, keys(of: 3, 1), round: 1), load(9, poison, round: 1), load(40, keys(of: 40, 1), round: 1),
            ]
            #expect(await shards.commitTogether(all) == nil)
            try await expect(test, [3: [], 9: [], 40: []], results: 0)
            let outcomes = await shards.carry(all)
            #expect(outcomes.map(name) == ["committed 2", "refused \(state)", "committed 2"])
            try await expect(test, [3: keys(of: 3, 1), 9: [], 40: keys(of: 40, 1)], results: 1)
            // The refused one is not in doubt, and its shard goes on with the others.
            let next = await shards.carry(loads([3, 9, 40], round: 2))
            #expect(next.map(name) == ["committed 4", "committed 2", "committed 4"])
        }
    }

    @Test func aFencedAndAPoisonousShardTogetherCostTheOthersNothing() async throws {
        try await with([1, 2, 3, 4, 5]) { test, shards in
            _ = try await TestWriter.own(ShardID(2), for: WorkerID(name: "other"), database: test.database)
            let all = [1, 2, 3, 4, 5].map { (number: Int16) in
                load(number, number == 4 ? ["@nul\u{0}:x"] : keys(of: number, 1), round: 1)
            }
            #expect(await shards.commitTogether(all) == nil)
            let outcomes = await shards.carry(all)
            #expect(
                outcomes.map(name) == ["committed 2", "fenced", "committed 2", "refused 22021", "committed 2"])
            try await expect(
                test, [1: keys(of: 1, 1), 2: [], 3: keys(of: 3, 1), 4: [], 5: keys(of: 5, 1)], results: 1)
        }
    }

    @Test func aShardInDoubtKeepsNothingOfTheOthersBack() async throws {
        try await with([3, 9, 40]) { test, shards in
            _ = await shards.carry(loads([3, 9]))
            // Held between the fence and COMMIT by a lock on the table of its rows.
            let blocker = try await test.database.dedicatedConnection(applicationName: "blocker")
            try await blocker.query("SET idle_in_transaction_session_timeout = 0")
            try await blocker.query("BEGIN")
            try await blocker.query("LOCK TABLE to_device IN EXCLUSIVE MODE")
            async let blocked = shards.commitTogether(loads([3, 9], round: 2))
            #expect(
                try await comesTrue {
                    try await !test.database.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE application_name = $1 AND datname = current_database() AND wait_event_type = 'Lock'
                        """, LeaseTable.applicationName(of: worker)
                    ).isEmpty
                })
            #expect(try #require(await blocked).map(name) == ["in doubt", "in doubt"])
            try await blocker.query("ROLLBACK")
            await blocker.close()
            // Before it is recovered, nothing of it is sent; the others are.
            let outcomes = await shards.carry(loads([40, 3], round: 3))
            #expect(outcomes.map(name) == ["committed 2", "in doubt"])
            for number: Int16 in [3, 9] {
                let head = await shards.head(of: ShardID(number))
                #expect(await shards.recover(ShardID(number)) == head, "what was cut off is rolled back")
            }
            let next = await shards.carry(loads([3, 9, 40], round: 4))
            #expect(next.map(name) == ["committed 4", "committed 4", "committed 4"])
        }
    }
}
