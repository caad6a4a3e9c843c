import Logging
import Postgres
import TestSupport
import Testing

/// Statements of many callers on few connections.
@Suite struct PipeliningTests {
    private func database(_ url: String, _ change: (inout PostgresConfiguration) -> Void = { _ in }) -> PostgresDatabase
    {
        var configuration = PostgresConfiguration(url: url)
        change(&configuration)
        return PostgresDatabase(configuration: configuration, logger: Logger(label: "test"))
    }

    @Test func manyStatementsShareOneConnectionAndEachGetsItsOwnAnswer() async throws {
        try await TestDatabase.with { test in
            let database = database(test.url) { $0.sharedConnections = 1 }
            let answers = try await withThrowingTaskGroup(of: (Int32, Int32, Int32).self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        let row = try await database.query(
                            "SELECT $1::int AS n, pg_backend_pid() AS pid", Int32(number))[0]
                        return (Int32(number), try row.int32("n"), try row.int32("pid"))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.0 == $0.1 })
            #expect(Set(answers.map(\.2)).count == 1)
            await database.shutdown()
        }
    }

    @Test func aSlowStatementHoldsUpOnlyItsOwnConnection() async throws {
        try await TestDatabase.with { test in
            let database = database(test.url) {
                $0.sharedConnections = 2
                $0.applicationName = "pipelined"
            }
            func count(_ condition: String) async throws -> Int64 {
                try await test.database.query(
                    "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'pipelined' AND \(condition)")[
                        0
                    ]
                    .int64("n")
            }
            try await eventually("both connections") { try await count("datname = current_database()") == 2 }
            async let slow = database.query("SELECT pg_sleep(3)")
            try await eventually("the slow statement") { try await count("wait_event = 'PgSleep'") == 1 }
            for _ in 0..<40 { try await database.query("SELECT 1") }
            #expect(try await count("wait_event = 'PgSleep'") == 1, "none of them waited for the slow one")
            _ = try await slow
            await database.shutdown()
        }
    }

    @Test func moreThanMayWaitAreRefusedAtOnce() async throws {
        try await TestDatabase.with { test in
            let database = database(test.url) {
                $0.sharedConnections = 1
                $0.pipelineDepthMax = 2
                $0.waitingMax = 3
            }
            try await database.query("SELECT 1")
            let outcomes = await withTaskGroup(of: PostgresError.Kind?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            try await database.query("SELECT pg_sleep(0.1)")
                            return nil
                        } catch {
                            return (error as? PostgresError)?.kind
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let refused = outcomes.filter { $0 == .overloaded }.count
            #expect(refused == 15, "two under way, three waiting")
            #expect(outcomes.filter { $0 == nil }.count == 5)
            await database.shutdown()
        }
    }

    @Test func theWaitForAPlaceInAPipelineIsBounded() async throws {
        try await TestDatabase.with { test in
            let database = database(test.url) {
                $0.sharedConnections = 1
                $0.pipelineDepthMax = 1
                $0.poolWaitMax = .milliseconds(200)
            }
            // Connecting may take longer than that.
            #expect(try await comesTrue { (try? await database.query("SELECT 1")) != nil })
            async let slow = database.query("SELECT pg_sleep(1)")
            func isSleeping() async throws -> Bool {
                try await !test.database.query(
                    "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
                ).isEmpty
            }
            #expect(try await comesTrue { try await isSleeping() })
            let began = ContinuousClock.now
            await #expect { try await database.query("SELECT 1") } throws: {
                ($0 as? PostgresError)?.wasNeverSent ?? false
            }
            #expect(ContinuousClock.now - began < .milliseconds(900))
            _ = try await slow
            await database.shutdown()
        }
    }

    @Test func aPlanThatAMigrationMadeStaleIsPreparedAgain() async throws {
        try await TestDatabase.with { test in
            let database = database(test.url) { $0.sharedConnections = 1 }
            try await test.database.query("CREATE TABLE t (n int)")
            try await test.database.query("INSERT INTO t VALUES (1)")
            let connection = try await database.dedicatedConnection(applicationName: "batch")
            let select = PostgresStatement(sql: "SELECT * FROM t")
            _ = await connection.batch([select])
            for _ in 0..<3 { #expect(try await database.query(select).count == 1) }
            try await test.database.query("ALTER TABLE t ADD COLUMN m int")
            #expect(try await database.query(select).count == 1)
            guard case .committed = await connection.batch([select]) else {
                Issue.record("a batch with a stale plan is carried out")
                return
            }
            await connection.close()
            await database.shutdown()
        }
    }

    @Test func transactionsThatWaitAreServedAsOthersEnd() async throws {
        try await TestDatabase.with { test in
            let database = database(test.url) { $0.transactionConnectionsMax = 2 }
            try await test.database.query("CREATE TABLE t (n int)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        do {
                            try await database.transaction { transaction in
                                try await transaction.query("INSERT INTO t VALUES ($1)", Int32(number))
                                if number % 10 == 0 { throw CancellationError() }
                                // A session that dies in the middle must not take its place with it.
                                if number % 10 == 1 {
                                    try await transaction.query("SELECT pg_terminate_backend(pg_backend_pid())")
                                }
                            }
                        } catch  where number % 10 < 2 {
                            return
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await test.database.query("SELECT FROM t").count == 80)
            await database.shutdown()
        }
    }

    @Test func whoeverWaitsIsAnsweredWhenTheClientIsShutDown() async throws {
        try await TestDatabase.with { test in
            let database = database(test.url) { $0.transactionConnectionsMax = 1 }
            let tasks = (0..<50).map { number in
                Task { () -> Bool in
                    do {
                        if number % 2 == 0 {
                            try await database.query("SELECT pg_sleep(0.2)")
                        } else {
                            try await database.transaction { try await $0.query("SELECT pg_sleep(0.2)") }
                        }
                        return true
                    } catch {
                        return false
                    }
                }
            }
            await database.shutdown()
            for task in tasks { _ = await task.value }
            await #expect(throws: PostgresError.self) { try await database.query("SELECT 1") }
        }
    }
}
