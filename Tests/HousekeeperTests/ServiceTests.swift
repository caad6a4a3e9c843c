import ClusterConfiguration
import Housekeeper
import Postgres
import Schema
import TestSupport
import Testing
import WorkerContracts
import WorkerRuntime

/// The worker from start to stop, on a database that has been left alone for a while.
@Suite(.timeLimit(.minutes(2)))
struct ServiceTests {
    @Test func partitionsThatAreOldAreDroppedAndComingOnesMade() async throws {
        try await TestDatabase.with { test in
            let tables = LogTablePartitions.keptDays.keys.sorted()
            for table in tables {
                try await test.database.query(
                    """
                    DO $$ DECLARE d date := (now() AT TIME ZONE 'UTC')::date - 5; BEGIN
                        EXECUTE format('CREATE TABLE \(table)_%s PARTITION OF \(table) FOR VALUES FROM (%L) TO (%L)',
                            to_char(d, 'YYYYMMDD'), d || ' 00:00+00', (d + 1) || ' 00:00+00');
                        EXECUTE format('DROP TABLE \(table)_%s', to_char(d + 12, 'YYYYMMDD'));
                    END $$
                    """)
            }
            func days() async throws -> [Int64] {
                try await test.database.query(
                    """
                    SELECT count(*) AS partitions FROM pg_inherits WHERE inhparent = ANY ($1::text[]::regclass[])
                     GROUP BY inhparent
                    """, tables
                ).map { try $0.int64("partitions") }
            }
            let whole = Int64(LogTablePartitions.daysAhead + 1)
            #expect(try await days() == [whole, whole], "one too old is there, one to come is missing")
            try await serve(test) {
                let becameTidy = try await comesTrue(within: .seconds(30)) { try await isTidy(test) }
                #expect(becameTidy)
                let kept = try await days()
                #expect(kept == [whole, whole])
            }
        }
    }

    private func isTidy(_ test: TestDatabase) async throws -> Bool {
        let old = try await test.database.query(
            """
            SELECT FROM pg_class WHERE relkind = 'r' AND relname ~ '_[0-9]{8}$'
               AND to_date(right(relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date
            """)
        let prepared = try await LogTablePartitions.daysPrepared(on: test.database)
        return old.isEmpty && prepared == LogTablePartitions.daysAhead
    }

    @Test func whoLeavesHoldsNothing() async throws {
        try await TestDatabase.with { test in
            try await serve(test) {
                let hasRun = try await comesTrue(within: .seconds(30)) {
                    try await test.database.query("SELECT FROM job WHERE finished_at IS NOT NULL").count == 9
                }
                #expect(hasRun, "each job has had its turn")
            }
            let owned = try await test.database.query("SELECT FROM lease WHERE owner IS NOT NULL")
            #expect(owned.isEmpty)
            let registered = try await test.database.query("SELECT FROM worker")
            #expect(registered.isEmpty)
        }
    }

    /// Runs `body` beside the service.
    private func serve(_ test: TestDatabase, _ body: () async throws -> Void) async throws {
        let configuration = try WorkerConfiguration(environment: [
            "APUS_WORKER_NAME": "housekeeper-test", "APUS_SERVER_NAME": TestDatabase.serverName,
            "APUS_DATABASE_URL": test.url, "APUS_CLUSTER_SECRET": "secret", "APUS_SIGNING_KEY_PATH": "/nowhere",
            "APUS_MEDIA_FOLDER_PATH": "/tmp/apus-housekeeper-media",
        ])
        let service = try HousekeeperService(configuration: configuration, logger: .silent)
        try await service.start()
        try await service.announce(
            WorkerAddresses(
                publicAddress: nil, internalAddress: "127.0.0.1:1", operationsAddress: "127.0.0.1:2"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await body()
            await service.beginDraining()
            await service.drain()
            group.cancelAll()
            // It ends by its cancellation.
            while (try? await group.next()) != nil {}
        }
        await service.stop()
    }
}
