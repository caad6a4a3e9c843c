import Logging
import Postgres
import TestSupport
import Testing

@Suite struct PostgresDatabaseTests {
    @Test func everyTypeSurvivesTheWayThereAndBack() async throws {
        try await TestDatabase.with { test in
            let rows = try await test.database.query(
                """
                SELECT $1::bool AS a, $2::smallint AS b, $3::int AS c, $4::bigint AS d, $5::float8 AS e, $6::text AS f,
                       $7::bytea AS g, $8::text AS h, ($9::text[])[2] AS i, ($10::bytea[])[1] AS j,
                       ($11::bigint[])[3] AS k, cardinality($12::text[]) AS l, ($13::text[])[1] AS m
                """,
                [
                    true, Int16(-2), Int32(70_000), Int64(1) << 40, 1.5, "é\u{1F426}", [UInt8]([0, 255, 7]),
                    String?.none, ["x", "y"], [[UInt8]([1, 0])], [Int64]([1, 2, -3]), [String](),
                    [String?]([nil, "z"]),
                ])
            let row = try #require(rows.first)
            #expect(try row.bool("a"))
            #expect(try row.int16("b") == -2)
            #expect(try row.int32("c") == 70_000)
            #expect(try row.int64("d") == 1 << 40)
            #expect(try row.double("e") == 1.5)
            #expect(try row.text("f") == "é\u{1F426}")
            #expect(try row.bytes("g") == [0, 255, 7])
            #expect(try row.optionalText("h") == nil)
            #expect(try row.text("i") == "y")
            #expect(try row.bytes("j") == [1, 0])
            #expect(try row.int64("k") == -3)
            #expect(try row.int32("l") == 0)
            #expect(try row.optionalText("m") == nil)
        }
    }

    @Test func anErrorTouchesOnlyItsOwnStatement() async throws {
        try await TestDatabase.with { test in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        do {
                            let rows = try await test.database.query("SELECT 10 / $1::int AS x", Int32(number % 2))
                            return try rows[0].int32("x") == 10
                        } catch let error as PostgresError {
                            return number % 2 == 0 && error.sqlState == "22012"
                        }
                    }
                }
                for try await wasRight in group { #expect(wasRight) }
            }
        }
    }

    @Test func aTransactionThatThrowsLeavesNothing() async throws {
        struct Oops: Error {}
        try await TestDatabase.with { test in
            try await test.database.query("CREATE TABLE t (n int)")
            await #expect(throws: Oops.self) {
                try await test.database.transaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (1)")
                    throw Oops()
                }
            }
            try await test.database.transaction { try await $0.query("INSERT INTO t VALUES (2)") }
            let rows = try await test.database.query("SELECT n FROM t")
            #expect(try rows.map { try $0.int32("n") } == [2])
        }
    }

    @Test func aBatchIsAllOrNothingAndNamesTheCulprit() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("CREATE TABLE t (n int PRIMARY KEY)")
            let connection = try await test.database.dedicatedConnection(applicationName: "batch")
            func insert(_ number: Int32) -> PostgresStatement {
                PostgresStatement("INSERT INTO t VALUES ($1)", [number])
            }
            guard case .committed = await connection.batch([insert(1), insert(2)]) else {
                Issue.record("a batch without fault is committed")
                return
            }
            guard case .failed(let error, let index) = await connection.batch([insert(3), insert(2), insert(4)]) else {
                Issue.record("a batch with a fault fails")
                return
            }
            #expect(error.sqlState == "23505")
            #expect(index == 1)
            guard case .committed = await connection.batch([insert(5)]) else {
                Issue.record("the connection is usable after a failed batch")
                return
            }
            let rows = try await test.database.query("SELECT n FROM t ORDER BY n")
            #expect(try rows.map { try $0.int32("n") } == [1, 2, 5])
            await connection.close()
        }
    }

    @Test func aBatchOnAnEndedBackendIsInDoubtOrFailedNeverCommitted() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("CREATE TABLE t (n int)")
            let connection = try await test.database.dedicatedConnection(applicationName: "victim")
            try await test.database.query("SELECT pg_terminate_backend($1)", connection.backendPID)
            if case .committed = await connection.batch([PostgresStatement("INSERT INTO t VALUES (1)", [])]) {
                Issue.record("nothing can be committed on an ended backend")
            }
        }
    }

    @Test func endedBackendsAreReplaced() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("SELECT 1")
            let other = try await TestDatabase.create()
            try await other.database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", test.name)
            try await other.drop()
            var answered = false
            for _ in 0..<50 where !answered {
                do {
                    try await test.database.query("SELECT 1")
                    answered = true
                } catch let error as PostgresError where error.sqlState == nil || error.sqlState == "57P01" {
                    continue
                }
            }
            #expect(answered)
        }
    }

    @Test func waitingForAConnectionIsBounded() async throws {
        try await TestDatabase.with { test in
            var configuration = PostgresConfiguration(url: test.url)
            configuration.transactionConnectionsMax = 1
            configuration.poolWaitMax = .milliseconds(100)
            let database = PostgresDatabase(configuration: configuration, logger: Logger(label: "test"))
            try await database.transaction { _ in
                do {
                    _ = try await database.transaction { _ in true }
                    Issue.record("there is only one connection")
                } catch let error as PostgresError {
                    #expect(error.kind == .overloaded)
                }
            }
            await database.shutdown()
        }
    }

    @Test func aStatementThatTakesTooLongIsEnded() async throws {
        try await TestDatabase.with { test in
            var configuration = PostgresConfiguration(url: test.url)
            configuration.statementTimeout = .milliseconds(100)
            let database = PostgresDatabase(configuration: configuration, logger: Logger(label: "test"))
            await #expect { try await database.query("SELECT pg_sleep(5)") } throws: { error in
                (error as? PostgresError)?.sqlState == "57014"
            }
            await database.shutdown()
        }
    }
}
