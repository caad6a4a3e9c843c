import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

/// PostgreSQL restarted under load, and brought back from the past.
@Suite struct ServerLossTests {
    private func database(_ server: PrivatePostgres) -> PostgresDatabase {
        PostgresDatabase(configuration: PostgresConfiguration(url: server.url), logger: .silent)
    }

    @Test func restartsLoseAndDoubleNothingAndEverythingComesBackByItself() async throws {
        try await PrivatePostgres.with { server in
            let database = database(server)
            try await TestDatabase.migrate(database)
            let worker = WorkerID(name: "writer")
            let connections = CommitConnections(database: database, worker: worker)
            let record = TailRecord()
            let tail = LogTail(database: database, logger: .silent) { record.take($0) }
            try await tail.start()
            let following = Task { try await tail.run() }
            let writers = [
                try await TestWriter.claim(0, for: worker, database: database, connections: connections),
                try await TestWriter.claim(1, for: worker, database: database, connections: connections),
            ]
            let writing = writers.map { writer in
                Task {
                    var acknowledged: [String] = []
                    while !Task.isCancelled {
                        let key = "@\(writer.shard)-\(acknowledged.count):x"
                        try await writer.append([key])
                        acknowledged.append(key)
                    }
                    return acknowledged
                }
            }
            for mode in [PrivatePostgres.StopMode.fast, .immediate, .fast] {
                let before = record.count
                #expect(try await comesTrue { record.count > before + 20 })
                try await server.restart(mode)
                let restarted = ContinuousClock.now
                let after = record.count
                #expect(try await comesTrue { record.count > after + 20 })
                #expect(ContinuousClock.now - restarted < .seconds(5), "writers and tail are back soon")
            }
            for (writer, task) in zip(writers, writing) {
                task.cancel()
                let acknowledged = try await task.value
                #expect(try await comesTrue { record.keys(of: writer.shard).count >= acknowledged.count })
                #expect(record.keys(of: writer.shard) == acknowledged)
            }
            #expect(record.faults == [])
            following.cancel()
            _ = await following.result
            await connections.close()
            await database.shutdown()
        }
    }

    /// How a server comes back with less than it had.
    enum Loss: String, CaseIterable, CustomTestStringConvertible {
        case recoveredBackup, promotedStandBy, copiedFiles
        var testDescription: String { rawValue }
    }

    @Test(arguments: Loss.allCases)
    func aServerFromThePastBeginsANewGenerationAndLeavesCleanGaps(loss: Loss) async throws {
        try await PrivatePostgres.with { server in
            let database = database(server)
            try await TestDatabase.migrate(database)
            let worker = WorkerID(name: "writer")
            var connections = CommitConnections(database: database, worker: worker)
            var writer = try await TestWriter.claim(3, for: worker, database: database, connections: connections)
            try await writer.append(["@kept:x"])
            let backup: String
            if loss == .copiedFiles {
                try await server.stop(.fast)
                backup = try await server.copyFiles()
                try await server.start()
            } else {
                backup = try await server.baseBackup()
            }
            try await writer.append(["@lost-1:x", "@lost-2:x"])
            let record = TailRecord()
            let tail = LogTail(database: database, logger: .silent) { record.take($0) }
            try await tail.start()
            let lost = try #require(tail.current)
            #expect(lost[writer.shard] == ShardSequence(3))
            let consumer = ConsumerPositions(consumer: "push", database: database)
            #expect(
                try await consumer.advance(
                    writer.shard, from: .zero, to: lost[writer.shard], generation: lost.generation))
            let stored = try await database.query("SELECT * FROM consumer_position")
            #expect(stored.count == 1)

            switch loss {
            case .recoveredBackup: try await server.restore(backup)
            case .promotedStandBy: try await server.promote(backup)
            case .copiedFiles: try await server.putBackFiles(backup)
            }
            let following = Task { try await tail.run() }
            if loss != .copiedFiles {
                // The writer of before, back first: it can neither write nor recover nor claim in the old generation.
                let stale = await writer.appender.commit(
                    TestWriter.work(["@stale:x"], shard: writer.shard, base: await writer.head, command: [9]))
                if case .committed = stale { Issue.record("a position of before was used again") }
                #expect(await writer.appender.recover() == nil, "whatever it owned, it does not any more")
            }
            #expect(try await comesTrue { tail.current.map { $0.generation > lost.generation } ?? false })
            let now = try #require(tail.current)
            #expect(now[writer.shard] == ShardSequence(1 + ClusterGeneration.jump))
            #expect(now[ShardID(5)] == ShardSequence(ClusterGeneration.jump), "every head jumps")
            #expect(try await ClusterGeneration.check(database, logger: .silent) == now.generation, "and once only")

            let clamped = try await tail.surviving(lost)
            #expect(clamped[writer.shard] == ShardSequence(1))
            #expect(clamped.generation == now.generation)
            let gap = try await tail.changes(after: clamped, upTo: now)
            #expect(gap.entries.isEmpty)
            #expect(gap.missing.count == TestDatabase.shardCount)

            await connections.close()
            connections = CommitConnections(database: database, worker: worker)
            writer = try await TestWriter.claim(3, for: worker, database: database, connections: connections)
            try await writer.append(["@new:x"])
            #expect(try await comesTrue { record.keys(of: writer.shard).contains("@new:x") })
            let end = try #require(tail.current)
            #expect(try await tail.changes(after: now, upTo: end).entries.map(\.key.string) == ["@new:x"])
            #expect(record.faults == [])
            following.cancel()
            _ = await following.result
            await connections.close()
            await database.shutdown()
        }
    }

    @Test func aConsumersPositionOfBeforeIsClampedAndMovesOn() async throws {
        try await TestDatabase.with { test in
            let consumer = ConsumerPositions(consumer: "push", database: test.database)
            let shard = ShardID(3)
            try await test.database.query("UPDATE head SET seq = 9 WHERE shard = 3")
            #expect(try await consumer.advance(shard, from: .zero, to: ShardSequence(9), generation: 1))
            #expect(try await !consumer.advance(shard, from: ShardSequence(4), to: ShardSequence(5), generation: 1))
            // As a restore leaves it: the head is further back than the position.
            try await test.database.query("UPDATE head SET seq = 4 WHERE shard = 3")
            let generation = try await ClusterGeneration.headsWentBack(
                from: [.zero, .zero, .zero, ShardSequence(9)], of: 1, in: test.database, logger: .silent)
            #expect(generation > 1)
            #expect(try await consumer.load() == [shard: ShardSequence(4)])
            let next = ShardSequence(4 + ClusterGeneration.jump + 1)
            #expect(try await consumer.advance(shard, from: ShardSequence(4), to: next, generation: generation))
            #expect(try await consumer.load() == [shard: next])
            let again = try await ClusterGeneration.headsWentBack(
                from: [.zero, .zero, .zero, ShardSequence(9)], of: 1, in: test.database, logger: .silent)
            #expect(again == generation, "one loss is one generation")
        }
    }

    @Test func manyWorkersThatNoticeALossAtOnceBeginOneGeneration() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("UPDATE cluster_state SET timeline = timeline + 1")
            let generations = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<16 { group.addTask { try await ClusterGeneration.check(test.database, logger: .silent) } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(generations.count == 1)
            let heads = try await test.database.query("SELECT DISTINCT seq, generation FROM head")
            #expect(heads.count == 1)
            #expect(try heads[0].int64("seq") == ClusterGeneration.jump)
        }
    }
}
