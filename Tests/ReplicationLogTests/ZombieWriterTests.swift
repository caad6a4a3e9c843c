import Foundation
import Glibc
import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

/// A real process that owns all shards is frozen by SIGSTOP at four points of a commit, succeeded, and woken.
@Suite struct ZombieWriterTests {
    /// Takes what it is given and commits at once.
    private actor Successor: ShardOwning {
        let worker: WorkerID
        let database: PostgresDatabase
        let connections: CommitConnections
        private(set) var committedAt: [ShardID: ContinuousClock.Instant] = [:]
        private(set) var faults: [String] = []

        init(worker: WorkerID, database: PostgresDatabase) {
            self.worker = worker
            self.database = database
            connections = CommitConnections(database: database, worker: worker)
        }

        func acquired(_ owned: OwnedShard) async {
            let appender = ShardAppender(
                owned: owned, worker: worker, database: database, connections: connections, logger: .silent)
            let work = TestWriter.work(
                ["@successor-\(owned.shard):x"], shard: owned.shard, base: owned.head,
                command: [7, UInt8(owned.shard.number)])
            switch await appender.commit(work) {
            case .committed: committedAt[owned.shard] = .now
            case let outcome: faults.append("shard \(owned.shard): \(outcome)")
            }
        }

        func freeze(_ shard: ShardID, successor: WorkerID?) async {}
        func lost(_ shard: ShardID) async {}
    }

    private let pending = ShardID(1)
    private let holding = ShardID(2)
    private let unheard = ShardID(3)
    private let running = ShardID(4)

    @Test func aFrozenWriterWritesNothingUnderItsOldEpochAndIsSucceededInTime() async throws {
        try await TestDatabase.with { test in
            let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let program = URL(fileURLWithPath: path).deletingLastPathComponent().appending(path: "apus-zombie-writer")
                .path
            let zombie = try ChildProcess.start(program, [test.url])
            defer { zombie.signal(SIGKILL) }
            _ = try #require(try await zombie.line(beginning: "serving"), "\(zombie.lines)")
            // Warm: sessions for commits exist before it is frozen.
            zombie.send("commit 9 @warm:x")
            _ = try #require(try await zombie.line(beginning: "outcome @warm:x committed"))

            try await freeze(zombie, in: test)

            let worker = WorkerID(name: "successor")
            let registry = WorkerRegistry(
                id: worker, kind: .roomWriter, version: "test", database: test.database, logger: .silent)
            try await registry.register(
                phase: "ready", publicAddress: nil, internalAddress: "-", operationsAddress: "-")
            let successor = Successor(worker: worker, database: test.database)
            let leases = ShardLeases(worker: worker, database: test.database, owner: successor, logger: .silent)
            let work = Task { try await leases.run() }
            // Its session lock is held: it lives, as far as the server can see, until its time is up.
            func expiresIn() async throws -> Double {
                try await test.database.query(
                    """
                    SELECT extract(epoch FROM max(expires_at) - clock_timestamp())::float8 AS seconds
                      FROM lease WHERE owner LIKE 'zombie:%'
                    """)[0].double("seconds")
            }
            let expiry = ContinuousClock.now + .seconds(try await expiresIn())
            #expect(try await comesTrue(within: .seconds(12)) { await successor.committedAt.count == 64 })
            let takeOver = (await successor.committedAt.values.max() ?? .now) - expiry
            print("take-over of 64 shards from a frozen writer: \(takeOver) after its time was up")
            #expect(takeOver < .seconds(3))
            #expect(await successor.faults == [])

            try await wake(zombie)
            try await expectNothingUnderAnOldEpoch(in: test)
            work.cancel()
            _ = await work.result
            await successor.connections.close()
        }
    }

    /// Brings the zombie to all four points, then stops it.
    private func freeze(_ zombie: ChildProcess, in test: TestDatabase) async throws {
        zombie.send("hold \(holding) @holding:x")
        _ = try #require(try await zombie.line(beginning: "holding"), "\(zombie.lines)")
        zombie.send("commit \(running) @running:x 50")
        zombie.send("commit \(unheard) @unheard:x 0.5")
        func sleepers() async throws -> Int {
            try await test.database.query(
                "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = $1", test.name
            )
            .count
        }
        #expect(try await comesTrue { try await sleepers() == 2 })
        zombie.signal(SIGSTOP)
        // Read only when it wakes up.
        zombie.send("commit \(pending) @pending:x")
        #expect(
            try await comesTrue {
                try await test.database.query("SELECT FROM log WHERE key = '@unheard:x'").count == 1
            }, "the server commits what was sent, though nobody hears of it")
    }

    private func wake(_ zombie: ChildProcess) async throws {
        zombie.signal(SIGCONT)
        zombie.send("finish @holding:x")
        for key in ["@pending:x", "@holding:x", "@unheard:x", "@running:x"] {
            let outcome = try #require(try await zombie.line(beginning: "outcome \(key)"), "\(zombie.lines)")
            let isAcknowledged = outcome.hasSuffix("committed") || outcome.hasSuffix("finished COMMIT")
            // What is durable may be acknowledged, late as it is; nothing else may.
            #expect(!isAcknowledged || key == "@unheard:x", "\(outcome)")
        }
    }

    private func expectNothingUnderAnOldEpoch(in test: TestDatabase) async throws {
        let written = try await test.database.query("SELECT key FROM log WHERE key NOT LIKE '@successor%' ORDER BY key")
        #expect(try written.map { try $0.text("key") } == ["@unheard:x", "@warm:x"])
        let rows = try await test.database.query(
            "SELECT user_id FROM to_device WHERE device_id = 'zombie' ORDER BY user_id")
        #expect(try rows.map { try $0.text("user_id") } == ["@unheard:x", "@warm:x"])
        let disorder = try await test.database.query(
            """
            SELECT FROM (SELECT epoch < lag(epoch) OVER w AS is_back, seq - 1 <> coalesce(lag(seq) OVER w, 0) AS is_gap
                           FROM log WINDOW w AS (PARTITION BY shard ORDER BY seq)) AS l WHERE is_back OR is_gap
            """)
        #expect(disorder.isEmpty, "sequences are contiguous and epochs never go back")
    }
}
