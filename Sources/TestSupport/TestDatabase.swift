import Foundation
import Logging
import Postgres
import Schema

/// A migrated database of a test's own, on the server named by `APUS_TEST_POSTGRES`; a missing server fails the test.
public struct TestDatabase: Sendable {
    public enum Failure: Error, CustomStringConvertible {
        case noServer
        public var description: String { "set APUS_TEST_POSTGRES to a PostgreSQL URL; `tools/with-postgres` does" }
    }

    public static let serverName = "test.example"
    public static let shardCount = 64

    public let name: String
    public let url: String
    public let database: PostgresDatabase

    /// Runs `body` with a fresh database that is dropped afterwards.
    ///
    /// - Parameter serverName: whose cluster the database is made for.
    @discardableResult
    public static func with<Result: Sendable>(
        serverName: String = serverName, _ body: (TestDatabase) async throws -> Result
    ) async throws -> Result {
        let test = try await create(serverName: serverName)
        do {
            let result = try await body(test)
            try await test.drop()
            return result
        } catch {
            try await test.drop()
            throw error
        }
    }

    public static func create(serverName: String = serverName) async throws -> TestDatabase {
        let server = try serverURL()
        let template = try await TestDatabaseTemplate.shared.name(on: server)
        let name = "apus_test_\(UInt64.random(in: 0 ... .max))"
        try await administer(server, "CREATE DATABASE \(name) TEMPLATE \(template)")
        let url = replacingDatabase(in: server, with: name)
        let database = PostgresDatabase(configuration: PostgresConfiguration(url: url), logger: Logger(label: "test"))
        if serverName != Self.serverName {
            try await database.query("UPDATE cluster_state SET server_name = $1", serverName)
        }
        return TestDatabase(name: name, url: url, database: database)
    }

    public func drop() async throws {
        await database.shutdown()
        try await Self.administer(Self.serverURL(), "DROP DATABASE \(name) WITH (FORCE)")
    }

    public static func serverURL() throws -> String {
        guard let url = ProcessInfo.processInfo.environment["APUS_TEST_POSTGRES"], !url.isEmpty else {
            throw Failure.noServer
        }
        return url
    }

    /// Migrates an empty database as ``create()``'s are.
    public static func migrate(_ database: PostgresDatabase) async throws {
        try await SchemaMigrations.migrate(database, serverName: serverName, shardCount: shardCount)
    }

    static func administer(_ server: String, _ sql: String) async throws {
        var configuration = PostgresConfiguration(url: server)
        configuration.statementTimeout = .seconds(60)
        configuration.answerTimeout = .seconds(60)
        // A server that copies databases for many tests at once lets new sessions wait.
        configuration.connectTimeout = .seconds(60)
        configuration.poolWaitMax = .seconds(60)
        let administrator = PostgresDatabase(configuration: configuration, logger: Logger(label: "test"))
        await AdministrationTurns.shared.take()
        do {
            try await administrator.query(sql)
            await administrator.shutdown()
            await AdministrationTurns.shared.giveBack()
        } catch {
            await administrator.shutdown()
            await AdministrationTurns.shared.giveBack()
            throw error
        }
    }

    static func replacingDatabase(in url: String, with name: String) -> String {
        guard let slash = url.lastIndex(of: "/") else { return url }
        return url[...slash] + name
    }
}

/// Lets a few tests at a time make and drop databases: all at once they are slower than one after the other.
private actor AdministrationTurns {
    static let shared = AdministrationTurns()

    private var free = 4
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func giveBack() {
        guard waiting.isEmpty else { return waiting.removeFirst().resume() }
        free += 1
    }
}

/// The migrated database that tests copy, made once in a process.
private actor TestDatabaseTemplate {
    static let shared = TestDatabaseTemplate()
    private var making: Task<String, any Error>?

    func name(on server: String) async throws -> String {
        if let making { return try await making.value }
        let task = Task { try await Self.make(on: server) }
        making = task
        return try await task.value
    }

    private static func make(on server: String) async throws -> String {
        let name = "apus_template_\(ProcessInfo.processInfo.processIdentifier)_\(UInt32.random(in: 0 ... .max))"
        try await TestDatabase.administer(server, "CREATE DATABASE \(name)")
        let url = TestDatabase.replacingDatabase(in: server, with: name)
        var configuration = PostgresConfiguration(url: url)
        configuration.answerTimeout = .seconds(60)
        let database = PostgresDatabase(configuration: configuration, logger: Logger(label: "test"))
        try await TestDatabase.migrate(database)
        await database.shutdown()
        return name
    }
}
