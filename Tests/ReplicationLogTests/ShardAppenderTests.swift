import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

@Suite struct ShardAppenderTests {
    private let worker = WorkerID(name: "writer")

    private func isFenced(_ outcome: AppendOutcome) -> Bool { if case .fenced = outcome { true } else { false } }
    private func isInDoubt(_ outcome: AppendOutcome) -> Bool { if case .inDoubt = outcome { true } else { false } }

    private func heads(of shard: Int16, in test: TestDatabase) async throws -> (head: Int64, last: Int64, rows: Int64) {
        let row = try await test.database.query(
            """
            SELECT seq, (SELECT coalesce(max(seq), 0) FROM log WHERE log.shard = head.shard) AS last,
                   (SELECT count(*) FROM log WHERE log.shard = head.shard) AS rows FROM head WHERE shard = $1
            """, shard)[0]
        return (try row.int64("seq"), try row.int64("last"), try row.int64("rows"))
    }

    @Test func entriesAreNumberedWithoutAGapFromTheHead() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let writer = try await TestWriter.claim(3, for: worker, database: test.database, connections: connections)
            for number in 0..<10 { try await writer.append((0...number).map { "@u\(number)-\($0):x" }) }
            #expect(await writer.head == ShardSequence(55))
            #expect(try await heads(of: 3, in: test) == (55, 55, 55))
            await connections.close()
        }
    }

    @Test func anOwnerOfBeforeIsFencedAndLearnsThatTheShardIsLost() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let old = try await TestWriter.claim(3, for: worker, database: test.database, connections: connections)
            try await old.append(["@a:x"])
            let new = try await TestWriter.claim(
                3, for: WorkerID(name: "other"), database: test.database, connections: connections)
            let work = TestWriter.work(["@b:x"], shard: old.shard, base: await old.head, command: [1])
            #expect(isFenced(await old.appender.commit(work)))
            #expect(await old.appender.recover() == nil)
            try await new.append(["@c:x"])
            #expect(try await heads(of: 3, in: test) == (2, 2, 2))
            await connections.close()
        }
    }

    @Test func aWrongHeadIsFencedAndRecoveryTellsTheRightOne() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let writer = try await TestWriter.claim(3, for: worker, database: test.database, connections: connections)
            try await writer.append(["@a:x"])
            let work = TestWriter.work(["@b:x"], shard: writer.shard, base: .zero, command: [1])
            #expect(isFenced(await writer.appender.commit(work)))
            #expect(await writer.appender.recover() == ShardSequence(1))
            try await writer.append(["@c:x"])
            #expect(try await heads(of: 3, in: test) == (2, 2, 2))
            await connections.close()
        }
    }

    @Test func aPoisonousEntryIsRefusedByNameAndTheConnectionGoesOn() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let writer = try await TestWriter.claim(3, for: worker, database: test.database, connections: connections)
            try await writer.append(["@a:x"])
            let backend = try await connections.take()
            let pid = backend.backendPID
            await connections.giveBack(backend, isUsable: true)
            let base = await writer.head
            let poison = TestWriter.work(["@b:x", "@c\u{0}:x"], shard: writer.shard, base: base, command: [1])
            guard case .refused(let error) = await writer.appender.commit(poison) else {
                Issue.record("NUL in text is refused")
                return
            }
            #expect(error.sqlState == "22021")
            try await writer.append(["@d:x"])
            #expect(try await heads(of: 3, in: test) == (2, 2, 2))
            let again = try await connections.take()
            #expect(again.backendPID == pid, "a refused batch costs no connection")
            await connections.giveBack(again, isUsable: true)
            await connections.close()
        }
    }

    @Test func theRefusalOfABatchNamesTheStatement() async throws {
        try await TestDatabase.with { test in
            let connection = try await test.database.dedicatedConnection(applicationName: "batch")
            func insert(_ user: String) -> PostgresStatement {
                PostgresStatement(
                    "INSERT INTO to_device (user_id, device_id, shard, seq, message) VALUES ($1, 'd', 0, 1, '')", [user]
                )
            }
            for culprit in 0..<4 {
                let statements = (0..<4).map { insert($0 == culprit ? "@poison\u{0}:x" : "@\($0):x") }
                guard case .failed(let error, let index) = await connection.batch(statements) else {
                    Issue.record("NUL in text fails")
                    continue
                }
                #expect(error.sqlState == "22021")
                #expect(index == culprit)
            }
            #expect(try await test.database.query("SELECT FROM to_device").isEmpty)
            await connection.close()
        }
    }

    @Test func nothingIsSentWhileTheShardIsInDoubt() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let writer = try await TestWriter.claim(3, for: worker, database: test.database, connections: connections)
            try await writer.append(["@a:x"])
            var slow = TestWriter.work(["@b:x"], shard: writer.shard, base: await writer.head, command: [1])
            slow.statements.append(PostgresStatement(sql: "SELECT pg_sleep(4)"))
            async let doubtful = writer.appender.commit(slow)
            let name = LeaseTable.applicationName(of: worker)
            #expect(
                try await comesTrue {
                    try await test.database.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE application_name = $1 AND wait_event = 'PgSleep'
                        """, name
                    ).count > 0
                })
            #expect(isInDoubt(await doubtful))
            let next = TestWriter.work(["@c:x"], shard: writer.shard, base: await writer.head, command: [2])
            #expect(isInDoubt(await writer.appender.commit(next)))
            #expect(await writer.appender.recover() == ShardSequence(1))
            try await writer.append(["@d:x"])
            #expect(try await heads(of: 3, in: test) == (2, 2, 2))
            await connections.close()
        }
    }
}
