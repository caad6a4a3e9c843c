import Postgres
import Schema
import TestSupport
import Testing

@Suite struct SchemaMigrationsTests {
    @Test func migratingTwiceChangesNothing() async throws {
        try await TestDatabase.with { test in
            try await SchemaMigrations.migrate(
                test.database, serverName: TestDatabase.serverName, shardCount: TestDatabase.shardCount)
            let heads = try await test.database.query("SELECT count(*) AS n FROM head")
            #expect(try heads[0].int64("n") == 64)
            let partitions = try await test.database.query(
                "SELECT count(*) AS n FROM pg_inherits WHERE inhparent = 'log'::regclass")
            #expect(try partitions[0].int64("n") == Int64(LogTablePartitions.daysAhead + 1))
        }
    }

    @Test func aServersNameNeverChanges() async throws {
        try await TestDatabase.with { test in
            await #expect(throws: SchemaMigrations.Failure.self) {
                try await SchemaMigrations.migrate(test.database, serverName: "other.example", shardCount: 64)
            }
        }
    }

    @Test func aNewerSchemaIsRefused() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("INSERT INTO schema_migration (version, name) VALUES (9999, 'future')")
            await #expect(throws: SchemaMigrations.Failure.self) {
                try await SchemaMigrations.migrate(
                    test.database, serverName: TestDatabase.serverName, shardCount: TestDatabase.shardCount)
            }
        }
    }

    @Test func theFenceRaisesUnlessEpochAndSequenceAreTheExpectedOnes() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("SELECT advance_head(3::smallint, 0, 0, 2)")
            for (epoch, sequence) in [(Int64(1), Int64(2)), (0, 0), (0, 3)] {
                await #expect {
                    try await test.database.query("SELECT advance_head(3::smallint, $1, $2, 1)", epoch, sequence)
                } throws: { ($0 as? PostgresError)?.sqlState == "AP001" }
            }
            let rows = try await test.database.query("SELECT seq FROM head WHERE shard = 3")
            #expect(try rows[0].int64("seq") == 2)
        }
    }
}
