import Postgres
import Schema
import TestSupport
import Testing

@Suite struct LogTablePartitionsTests {
    private func insert(at time: String, seq: Int64, in database: any PostgresQuerying) async throws {
        try await database.query(
            """
            INSERT INTO log (shard, seq, epoch, kind, format, key, at)
            VALUES (0, $1, 0, 1, 1, '!r:x', \(time))
            """, seq)
    }

    /// Makes the partition of `days` before today, with a row in it.
    private func makeOld(_ days: Int, in test: TestDatabase) async throws {
        try await test.database.query(
            """
            DO $$ DECLARE d date := (now() AT TIME ZONE 'UTC')::date - \(days); BEGIN
                EXECUTE format('CREATE TABLE log_%s PARTITION OF log FOR VALUES FROM (%L) TO (%L)',
                    to_char(d, 'YYYYMMDD'), d || ' 00:00+00', (d + 1) || ' 00:00+00');
            END $$
            """)
        try await insert(at: "now() - interval '\(days) days'", seq: Int64(days), in: test.database)
    }

    private func partitions(_ test: TestDatabase) async throws -> Int {
        try await test.database.query("SELECT FROM pg_class WHERE relname ~ '^log_[0-9]{8}$' AND relkind = 'r'").count
    }

    @Test func theComingWeekCanBeWrittenToAcrossEveryMidnight() async throws {
        try await TestDatabase.with { test in
            #expect(try await LogTablePartitions.daysPrepared(on: test.database) == LogTablePartitions.daysAhead)
            for day in 0...LogTablePartitions.daysAhead {
                let midnight = "((now() AT TIME ZONE 'UTC')::date + \(day + 1))::timestamp AT TIME ZONE 'UTC'"
                try await insert(
                    at: midnight + " - interval '1 microsecond'", seq: Int64(day * 2 + 1), in: test.database)
                if day < LogTablePartitions.daysAhead {
                    try await insert(at: midnight, seq: Int64(day * 2 + 2), in: test.database)
                }
            }
            await #expect(throws: PostgresError.self) {
                try await insert(at: "now() + interval '9 days'", seq: 99, in: test.database)
            }
        }
    }

    @Test func whatIsOldIsDroppedAndWhatIsKeptStays() async throws {
        try await TestDatabase.with { test in
            for days in [1, 2, 3, 9] { try await makeOld(days, in: test) }
            let dropped = try await LogTablePartitions.dropOld(test.database)
            #expect(dropped.count == 2)
            let kept = try await test.database.query("SELECT seq FROM log ORDER BY seq")
            #expect(try kept.map { try $0.int64("seq") } == [1, 2])
            #expect(try await LogTablePartitions.dropOld(test.database).isEmpty)
            try await LogTablePartitions.ensure(on: test.database)
            #expect(try await partitions(test) == LogTablePartitions.daysAhead + 1 + 2)
        }
    }

    /// A reader's open transaction holds the old partition: the drop waits for it, and nobody waits for the drop.
    @Test func droppingMakesNobodyWhoAppendsWait() async throws {
        try await TestDatabase.with { test in
            try await makeOld(5, in: test)
            let reader = try await test.database.dedicatedConnection(applicationName: "reader")
            try await reader.query("SET idle_in_transaction_session_timeout = 0")
            try await reader.query("BEGIN")
            try await reader.query("SELECT count(*) FROM log")
            let dropping = Task { try await LogTablePartitions.dropOld(test.database) }
            #expect(
                try await comesTrue {
                    try await !test.database.query(
                        """
                        SELECT FROM pg_stat_activity WHERE application_name = 'apus-partitions'
                           AND datname = current_database() AND wait_event_type = 'Lock'
                        """
                    ).isEmpty
                })
            for number in 0..<50 {
                let began = ContinuousClock.now
                try await insert(at: "now()", seq: Int64(100 + number), in: test.database)
                #expect(
                    try await test.database.query("SELECT FROM log WHERE shard = 0 AND seq = $1", Int64(100 + number))
                        .count == 1)
                #expect(ContinuousClock.now - began < .seconds(1))
            }
            try await reader.query("COMMIT")
            #expect(try await dropping.value.count == 1)
            await reader.close()
        }
    }

    @Test func aDropThatWasInterruptedGoesOn() async throws {
        try await TestDatabase.with { test in
            try await makeOld(4, in: test)
            try await makeOld(5, in: test)
            // One was detached and not dropped, of the other the detaching was cut off half way.
            let names = try await test.database.query(
                """
                SELECT c.relname::text AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'log'::regclass ORDER BY c.relname LIMIT 2
                """
            ).map { try $0.text("name") }
            try await test.database.query("ALTER TABLE log DETACH PARTITION \(names[0])")
            let reader = try await test.database.dedicatedConnection(applicationName: "reader")
            try await reader.query("BEGIN")
            try await reader.query("SELECT count(*) FROM log")
            let cut = try await test.database.dedicatedConnection(applicationName: "cut")
            try await cut.query("SET lock_timeout = 100")
            await #expect(throws: PostgresError.self) {
                try await cut.query("ALTER TABLE log DETACH PARTITION \(names[1]) CONCURRENTLY")
            }
            try await reader.query("COMMIT")
            #expect(try await LogTablePartitions.dropOld(test.database) == names)
            #expect(try await partitions(test) == LogTablePartitions.daysAhead + 1)
            await cut.close()
            await reader.close()
        }
    }

    @Test func workersThatMakeAndDropAtOnceDoNoHarm() async throws {
        try await TestDatabase.with { test in
            for days in 3...5 { try await makeOld(days, in: test) }
            try await test.database.query("DROP TABLE log_\(try await today(plus: 7, test))")
            let dropped = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await LogTablePartitions.ensure(on: test.database)
                        return try await LogTablePartitions.dropOld(test.database).count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(dropped == 3)
            #expect(try await LogTablePartitions.daysPrepared(on: test.database) == LogTablePartitions.daysAhead)
        }
    }

    private func today(plus days: Int, _ test: TestDatabase) async throws -> String {
        try await test.database.query(
            "SELECT to_char((now() AT TIME ZONE 'UTC')::date + \(days), 'YYYYMMDD') AS day")[0].text("day")
    }

    @Test func makersAndADropperDoNotFailEachOther() async throws {
        try await TestDatabase.with { test in
            for _ in 0..<20 {
                try await leaveAlone(test)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<3 {
                        group.addTask { try await LogTablePartitions.ensure(on: test.database) }
                    }
                    group.addTask {
                        try await LogTablePartitions.ensure(on: test.database)
                        try await LogTablePartitions.dropOld(test.database)
                    }
                    try await group.waitForAll()
                }
                #expect(try await partitions(test) == LogTablePartitions.daysAhead + 1)
            }
        }
    }

    /// As after some days without upkeep: one partition too old, one to come missing, in each table.
    private func leaveAlone(_ test: TestDatabase) async throws {
        for table in LogTablePartitions.keptDays.keys {
            try await test.database.query(
                """
                DO $$ DECLARE d date := (now() AT TIME ZONE 'UTC')::date - 5; BEGIN
                    EXECUTE format('CREATE TABLE \(table)_%s PARTITION OF \(table) FOR VALUES FROM (%L) TO (%L)',
                        to_char(d, 'YYYYMMDD'), d || ' 00:00+00', (d + 1) || ' 00:00+00');
                    EXECUTE format('DROP TABLE \(table)_%s', to_char(d + 12, 'YYYYMMDD'));
                END $$
                """)
        }
    }
}
