import Foundation
import Logging
import Postgres
import TestSupport
import Testing

/// What a server that is away, silent or restarting does to callers: bounded waits, and everything comes back.
@Suite struct BrokenNetworkTests {
    private func quick(_ url: String) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(url: url)
        configuration.answerTimeout = .seconds(1)
        configuration.connectTimeout = .seconds(1)
        configuration.poolWaitMax = .milliseconds(500)
        configuration.transactionConnectionsMax = 4
        return configuration
    }

    /// The client's sockets to `port`, open or being opened.
    private func sockets(to port: UInt16) throws -> Int {
        let table = try String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8)
        let suffix = ":" + String(format: "%04X", Int(port))
        return table.split(separator: "\n").dropFirst().count { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            return fields.count > 3 && fields[2].hasSuffix(suffix) && (fields[3] == "01" || fields[3] == "02")
        }
    }

    @Test func aSilentServerMakesCallersFailInTimeWithoutEatingDescriptors() async throws {
        try await TestDatabase.with { test in
            let server = try #require(URLPort(test.url))
            let proxy = try TCPProxy(to: server.port)
            let configuration = quick(server.replaced(by: proxy.port))
            let database = PostgresDatabase(configuration: configuration, logger: Logger(label: "test"))
            try await database.query("SELECT 1")
            try await database.transaction { try await $0.query("SELECT 1") }
            proxy.blackhole()
            // An idle connection takes the statement, then nothing more is heard of it.
            let bound = configuration.poolWaitMax + configuration.connectTimeout + configuration.answerTimeout
            let until = ContinuousClock.now + .seconds(4)
            var most = 0
            let slowest = try await withThrowingTaskGroup(of: Duration.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        var slowest = Duration.zero
                        while ContinuousClock.now < until {
                            let began = ContinuousClock.now
                            do {
                                if number % 2 == 0 {
                                    try await database.query("SELECT 1")
                                } else {
                                    try await database.transaction { try await $0.query("SELECT 1") }
                                }
                                Issue.record("nothing can be answered")
                            } catch {
                                slowest = max(slowest, ContinuousClock.now - began)
                            }
                        }
                        return slowest
                    }
                }
                _ = try await comesTrue(within: .seconds(4), every: .milliseconds(50)) {
                    most = max(most, try sockets(to: proxy.port))
                    return false
                }
                return try await group.reduce(.zero, max)
            }
            #expect(slowest < bound + .seconds(1), "\(slowest)")
            #expect(most <= configuration.sharedConnections + configuration.transactionConnectionsMax)
            proxy.release()
            proxy.cutAll()
            let healed = ContinuousClock.now
            #expect(
                try await comesTrue(within: .seconds(5)) {
                    // Not yet connected again: asked once more.
                    (try? await database.query("SELECT 1")) != nil
                })
            #expect(ContinuousClock.now - healed < .seconds(4))
            await database.shutdown()
            proxy.stop()
        }
    }

    @Test func aConnectionThatIsCutFailsWhatIsUnderWayAndIsReplaced() async throws {
        try await TestDatabase.with { test in
            let server = try #require(URLPort(test.url))
            let proxy = try TCPProxy(to: server.port)
            let database = PostgresDatabase(
                configuration: PostgresConfiguration(url: server.replaced(by: proxy.port)),
                logger: Logger(label: "test"))
            for _ in 0..<5 {
                async let slow = database.query("SELECT pg_sleep(3)")
                #expect(
                    try await comesTrue {
                        try await !test.database.query(
                            "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
                        ).isEmpty
                    })
                proxy.cutAll()
                do {
                    _ = try await slow
                    Issue.record("its connection was cut")
                } catch {
                    guard case .connectionLost = (error as? PostgresError)?.kind else {
                        Issue.record("\(error)")
                        continue
                    }
                }
                #expect(
                    try await comesTrue(within: .seconds(3)) {
                        // The pool has yet to notice, or to connect: asked once more.
                        (try? await database.query("SELECT 1")) != nil
                    })
                // Or the next round takes the server's half of this one for its own.
                try await eventually("the cut statement is over") {
                    try await test.database.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE wait_event = 'PgSleep' AND datname = current_database()
                        """
                    ).isEmpty
                }
            }
            await database.shutdown()
            proxy.stop()
        }
    }

    @Test func aRestartOfTheServerIsSurvived() async throws {
        try await PrivatePostgres.with { server in
            let database = PostgresDatabase(
                configuration: PostgresConfiguration(url: server.url), logger: Logger(label: "test"))
            try await database.query("CREATE TABLE t (n int)")
            for (number, mode) in [PrivatePostgres.StopMode.fast, .immediate].enumerated() {
                // Idle connections of both kinds exist before.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            _ = try await database.transaction { try await $0.query("SELECT pg_sleep(0.05)") }
                        }
                    }
                    try await group.waitForAll()
                }
                try await server.restart(mode)
                // The first transaction after it meets a broken idle connection, and does not show it.
                try await database.transaction { try await $0.query("INSERT INTO t VALUES ($1)", Int32(number)) }
                #expect(
                    try await comesTrue(within: .seconds(3)) {
                        // The shared connections come back a moment later.
                        (try? await database.query("SELECT 1")) != nil
                    })
            }
            #expect(try await database.query("SELECT FROM t").count == 2)
            await database.shutdown()
        }
    }

    @Test func aServerThatIsDownFailsCallersAtOnceAndIsFoundWhenItComes() async throws {
        try await PrivatePostgres.with { server in
            try await server.stop(.fast)
            var configuration = PostgresConfiguration(url: server.url)
            configuration.poolWaitMax = .milliseconds(300)
            let database = PostgresDatabase(configuration: configuration, logger: Logger(label: "test"))
            let began = ContinuousClock.now
            await #expect(throws: PostgresError.self) { try await database.query("SELECT 1") }
            await #expect(throws: PostgresError.self) { try await database.transaction { _ in } }
            await #expect(throws: PostgresError.self) {
                _ = try await database.dedicatedConnection(applicationName: "none")
            }
            #expect(ContinuousClock.now - began < .seconds(2))
            try await server.start()
            #expect(
                try await comesTrue(within: .seconds(3)) {
                    // Refused until the next attempt to connect: asked once more.
                    (try? await database.query("SELECT 1")) != nil
                })
            await database.shutdown()
        }
    }
}
