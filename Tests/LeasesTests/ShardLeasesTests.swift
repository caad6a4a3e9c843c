import Identifiers
import Leases
import Logging
import Postgres
import TestSupport
import Testing

/// Leases of several workers in one process against a real PostgreSQL.
@Suite struct ShardLeasesTests {
    /// Whether the workers share all shards, none having two more than another, and each knows what the table says.
    private func areShared(_ workers: [LeaseWorker], in test: TestDatabase) async throws -> Bool {
        let rows = try await test.database.query(
            "SELECT substr(partition, 7)::smallint AS shard, owner, epoch FROM lease ORDER BY 1")
        var counts: [Int] = []
        for worker in workers {
            let owned = await worker.record.owned
            let stored = try rows.filter { try $0.optionalText("owner") == worker.id.text }
            guard try Set(stored.map { ShardID(try $0.int16("shard")) }) == Set(owned.keys) else { return false }
            counts.append(owned.count)
        }
        return counts.reduce(0, +) == TestDatabase.shardCount && (counts.max() ?? 0) - (counts.min() ?? 0) <= 1
    }

    private func expectNoMoves(_ workers: [LeaseWorker], for duration: Duration) async throws {
        func moves() async -> Int {
            var sum = 0
            for worker in workers {
                sum += await worker.record.acquisitions + worker.record.losses + worker.record.freezes
            }
            return sum
        }
        let before = await moves()
        let moved = try await comesTrue(within: duration) { await moves() != before }
        #expect(!moved, "shares are even, and yet shards move")
    }

    @Test func sharesFollowWritersFromTwoToThreeToTwo() async throws {
        try await TestDatabase.with { test in
            let first = try await LeaseWorker.start("writer-1", url: test.url)
            let second = try await LeaseWorker.start("writer-2", url: test.url)
            #expect(try await comesTrue { try await areShared([first, second], in: test) })
            let third = try await LeaseWorker.start("writer-3", url: test.url)
            #expect(try await comesTrue { try await areShared([first, second, third], in: test) })
            try await expectNoMoves([first, second, third], for: .seconds(1))
            try await first.leave()
            #expect(await first.record.owned.isEmpty)
            #expect(await first.record.losses == 0, "a drained worker gives away, it loses nothing")
            #expect(try await comesTrue { try await areShared([second, third], in: test) })
            await second.crash()
            await third.crash()
        }
    }

    @Test func theOnlyWriterLeavesNothingBehindWhenItDrains() async throws {
        try await TestDatabase.with { test in
            let only = try await LeaseWorker.start("writer-1", url: test.url)
            #expect(try await comesTrue { try await areShared([only], in: test) })
            try await only.leave()
            let rows = try await test.database.query("SELECT count(*) AS n FROM lease WHERE owner IS NOT NULL")
            #expect(try rows[0].int64("n") == 0)
        }
    }

    @Test func aDeadWritersShardsAreTakenAtOnce() async throws {
        try await TestDatabase.with { test in
            let first = try await LeaseWorker.start("writer-1", url: test.url)
            let second = try await LeaseWorker.start("writer-2", url: test.url)
            #expect(try await comesTrue { try await areShared([first, second], in: test) })
            let before = await first.record.owned
            let began = ContinuousClock.now
            await first.crash()
            #expect(try await comesTrue { try await areShared([second], in: test) })
            #expect(
                ContinuousClock.now - began < .seconds(3), "its session lock is gone, nobody has to wait for its time")
            let now = await second.record.owned
            for (shard, owned) in before { #expect((now[shard]?.epoch).map { $0 > owned.epoch } ?? false) }
            await second.crash()
        }
    }

    @Test func aSilentWriterLosesBeforeItsTimeIsUpAndIsSucceeded() async throws {
        try await TestDatabase.with { test in
            let server = try #require(URLPort(test.url))
            let proxy = try TCPProxy(to: server.port)
            let silent = try await LeaseWorker.start("silent", url: server.replaced(by: proxy.port))
            #expect(try await comesTrue { try await areShared([silent], in: test) })
            let other = try await LeaseWorker.start("other", url: test.url)
            #expect(try await comesTrue { try await areShared([silent, other], in: test) })
            proxy.blackhole()
            let began = ContinuousClock.now
            #expect(try await comesTrue { await silent.record.owned.isEmpty })
            #expect(ContinuousClock.now - began < .seconds(5), "it fences itself before the database does")
            #expect(try await comesTrue { await other.record.owned.count == TestDatabase.shardCount })
            #expect(ContinuousClock.now - began < .seconds(8))
            proxy.release()
            #expect(try await comesTrue { try await areShared([silent, other], in: test) }, "it comes back by itself")
            proxy.stop()
            await silent.crash()
            await other.crash()
        }
    }

    @Test func aLostConnectionIsMadeAgainWithoutLosingTheShards() async throws {
        try await TestDatabase.with { test in
            let only = try await LeaseWorker.start("writer-1", url: test.url)
            #expect(try await comesTrue { try await areShared([only], in: test) })
            try await test.database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name IN ($1, $2)",
                "lease \(only.id.text)", "moves \(only.id.text)")
            func isLocked() async throws -> Bool {
                let rows = try await test.database.query(
                    "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = $1", "lease \(only.id.text)")
                return try rows[0].int64("n") == 1
            }
            #expect(try await comesTrue { try await isLocked() })
            #expect(await only.record.losses == 0)
            await only.crash()
        }
    }

    @Test func aSlowHandOverDoesNotLetTheOtherLeasesRunOut() async throws {
        try await TestDatabase.with { test in
            let slow = try await LeaseWorker.start("slow", url: test.url)
            #expect(try await comesTrue { try await areShared([slow], in: test) })
            await slow.record.slowDownFreezing(to: .seconds(6))
            let other = try await LeaseWorker.start("other", url: test.url)
            #expect(try await comesTrue(within: .seconds(15)) { await other.record.owned.count >= 4 })
            #expect(await slow.record.losses == 0)
            await slow.crash()
            await other.crash()
        }
    }

    @Test func aHeldRowDelaysOnlyItsOwnShard() async throws {
        try await TestDatabase.with { test in
            let holder = try await test.database.dedicatedConnection(applicationName: "holder")
            try await holder.query("SET idle_in_transaction_session_timeout = 0")
            try await holder.query("BEGIN")
            try await holder.query("SELECT FROM head WHERE shard = 3 FOR UPDATE")
            let worker = try await LeaseWorker.start("writer-1", url: test.url)
            #expect(try await comesTrue { await worker.record.owned.count == TestDatabase.shardCount - 1 })
            #expect(await worker.record.losses == 0)
            try await holder.query("ROLLBACK")
            #expect(try await comesTrue { try await areShared([worker], in: test) })
            await holder.close()
            await worker.crash()
        }
    }

    @Test func aRestartOfPostgreSQLChangesNoOwner() async throws {
        try await PrivatePostgres.with { server in
            let migration = PostgresDatabase(
                configuration: PostgresConfiguration(url: server.url), logger: Logger(label: "test"))
            try await TestDatabase.migrate(migration)
            let workers = [
                try await LeaseWorker.start("writer-1", url: server.url),
                try await LeaseWorker.start("writer-2", url: server.url),
            ]
            func owners() async throws -> [String?] {
                try await migration.query("SELECT owner FROM lease ORDER BY partition").map {
                    try $0.optionalText("owner")
                }
            }
            func areSettled() async throws -> Bool {
                let (first, second) = (await workers[0].record.owned.count, await workers[1].record.owned.count)
                return first == 32 && second == 32
            }
            #expect(try await comesTrue { try await areSettled() })
            let before = try await owners()
            for mode in [PrivatePostgres.StopMode.fast, .immediate] {
                try await server.restart(mode)
                #expect(try await comesTrue { try await areSettled() })
                // Past the grace, which is as long as a lease.
                let changed = try await comesTrue(within: .seconds(6), every: .milliseconds(200)) {
                    // Not reached while the pool reconnects: asked again.
                    guard let now = try? await owners() else { return false }
                    return now != before
                }
                #expect(!changed, "a restart (\(mode)) moved shards")
                #expect(try await comesTrue { try await areSettled() })
            }
            for worker in workers { await worker.crash() }
            await migration.shutdown()
        }
    }
}
