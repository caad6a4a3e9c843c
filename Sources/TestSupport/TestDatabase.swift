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
    @discardableResult
    public static func with<Result: Sendable>(
        _ body: (TestDatabase) async throws -> Result
    ) async throws -> Result {
        let test = try await create()
        do {
            let result = try await body(test)
            try await test.drop()
            return result
        } catch {
            try await test.drop()
            throw error
        }
    }

    public static func create() async throws -> TestDatabase {
        let server = try serverURL()
        let template = try await TestDatabaseTemplate.shared.name(on: server)
        let name = "apus_test_\(UInt64.random(in: 0 ... .max))"
        try await administer(server, "CREATE DATABASE \(name) TEMPLATE \(template)")
        let url = replacingDatabase(in: server, with: name)
        return TestDatabase(
            name: name, url: url,
            database: PostgresDatabase(
                configuration: PostgresConfiguration(url: url), logger: Logger(label: "test")))
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

    static func administer(_ server: String, _ sql: String) async throws {
        var configuration = PostgresConfiguration(url: server)
        configuration.statementTimeout = .seconds(60)
        configuration.answerTimeout = .seconds(60)
        let administrator = PostgresDatabase(configuration: configuration, logger: Logger(label: "test"))
        do {
            try await administrator.query(sql)
            await administrator.shutdown()
        } catch {
            await administrator.shutdown()
            throw error
        }
    }

    static func replacingDatabase(in url: String, with name: String) -> String {
        guard let slash = url.lastIndex(of: "/") else { return url }
        return url[...slash] + name
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
        try await SchemaMigrations.migrate(
            database, serverName: TestDatabase.serverName, shardCount: TestDatabase.shardCount)
        await database.shutdown()
        return name
    }
}
