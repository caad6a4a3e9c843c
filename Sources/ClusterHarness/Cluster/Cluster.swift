import CanonicalJSON
import Foundation
import Identifiers
import Logging
import OutboundHTTP
import Postgres
import Schema
import Signing
import TestSupport

/// A real cluster on this machine: a router and worker processes started by `apus up`, over a database of its own.
public final class Cluster: Sendable {
    /// The longest a cluster may take to become ready.
    public static let readyMax = Duration.seconds(60)
    /// The longest `apus roll` and `apus scale` may take.
    public static let commandMax = Duration.seconds(120)

    public let directory: String
    /// What clients talk to.
    public let router: Homeserver
    /// The database, past any proxy.
    public let database: PostgresDatabase
    public let server: ServerName
    public let key: SigningKey
    public let http: HTTPClient
    let program: String
    private let process: GuardedProcess

    private init(
        directory: String, router: Homeserver, database: PostgresDatabase, server: ServerName, key: SigningKey,
        http: HTTPClient, program: String, process: GuardedProcess
    ) {
        self.directory = directory
        self.router = router
        self.database = database
        self.server = server
        self.key = key
        self.http = http
        self.program = program
        self.process = process
    }

    /// The end of what the cluster's processes logged.
    public func logTail(bytes: Int = 8_000) -> String { process.logTail(bytes: bytes) }
}

extension Cluster {
    /// The localhost name clusters under test have.
    public static let serverName = "localhost"

    /// Runs `body` with a cluster that is ready, and ends all of it afterwards.
    ///
    /// - Parameter prepare: called with the migrated database before any worker runs, as for fixtures.
    @discardableResult
    public static func with<Result: Sendable>(
        _ shape: ClusterShape = ClusterShape(),
        prepare: (PostgresDatabase, SigningKey) async throws -> Void = { _, _ in },
        _ body: (Cluster) async throws -> Result
    ) async throws -> Result {
        try await TestDatabase.with(serverName: serverName) { test in
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("apus-cluster-\(UInt64.random(in: 0 ... .max))").path
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            defer {
                // Left-overs in the temporary folder harm nobody.
                try? FileManager.default.removeItem(atPath: directory)
            }
            let key = try makeKey(in: directory)
            try await prepare(test.database, key)
            let cluster = try start(shape, directory: directory, test: test, key: key)
            return try await cluster.run(body)
        }
    }

    private static func makeKey(in directory: String) throws -> SigningKey {
        let seed = (0..<SigningKey.seedByteCount).map { _ in UInt8.random(in: 0...255) }
        let key = try SigningKey(keyID: "ed25519:test", seed: seed)
        try key.fileLine.write(toFile: directory + "/signing.key", atomically: true, encoding: .utf8)
        return key
    }

    private static func start(
        _ shape: ClusterShape, directory: String, test: TestDatabase, key: SigningKey
    ) throws -> Cluster {
        let programs = ProcessInfo.processInfo.environment["APUS_PROGRAMS"] ?? programsDirectory
        let program = programs + "/apus"
        guard FileManager.default.isExecutableFile(atPath: program) else { throw ClusterFailure.noPrograms(programs) }
        guard let port = Loopback.freePort(), let server = ServerName(serverName) else {
            throw ClusterFailure.notReady("no free port", log: "")
        }
        let http = Homeserver.makeHTTP()
        let command =
            [program, "up", "--state", directory, "--port", "\(port)"] + shape.arguments
            + ["--database-url", try shape.databaseURL(test.url)]
        let process = try GuardedProcess(
            command: command, environment: ProcessInfo.processInfo.environment, logPath: directory + "/up.log")
        return Cluster(
            directory: directory, router: Homeserver(baseURL: "http://127.0.0.1:\(port)", http: http),
            database: test.database, server: server, key: key, http: http, program: program, process: process)
    }

    /// Where the running test, and so the programs built with it, is.
    private static var programsDirectory: String {
        // Always there on Linux; without it the message about missing programs says the rest.
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    private func run<Result: Sendable>(_ body: (Cluster) async throws -> Result) async throws -> Result {
        do {
            try await waitUntilReady()
            let result = try await body(self)
            try await end()
            return result
        } catch {
            print("the cluster's log ends with:\n\(logTail())")
            // The first error is the one to tell.
            try? await end()
            throw error
        }
    }

    private func waitUntilReady() async throws {
        do {
            try await wait(for: "the cluster to be ready", within: Self.readyMax) {
                guard process.isRunning else { throw ClusterFailure.notReady("it ended", log: logTail()) }
                return logTail().contains("apus: ready ") ? await isAnswering() : false
            }
        } catch let error as WaitedTooLong {
            throw ClusterFailure.notReady(error.description, log: logTail())
        }
    }

    /// Whether the router answers for every kind of worker: an unknown token is refused by a worker, not by the router.
    private func isAnswering() async -> Bool {
        for path in ["/_matrix/client/versions", "/_matrix/client/v3/sync", "/_matrix/client/v3/sync?since=x"] {
            do {
                let answer = try await router.answer("GET", path, within: .seconds(2))
                guard answer.status == 200 || answer.status == 401 else { return false }
            } catch {
                return false
            }
        }
        return true
    }

    private func end() async throws {
        http.shutdown()
        try await process.end()
    }
}
