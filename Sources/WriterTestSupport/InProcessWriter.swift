import Identifiers
import Leases
import OutboundHTTP
import Postgres
import RoomWriter
import Signing
import Synchronization
import TestSupport
import WorkerContracts

/// A room-writer in the test's process, with real leases on the test's database: all of one but its port.
package final class InProcessWriter: WriterCommanding {
    /// How long writers may take to share all shards.
    package static let sharingMax = Duration.seconds(60)

    package static let server: ServerName = {
        guard let name = ServerName(TestDatabase.serverName) else {
            preconditionFailure("the test server's name is one")
        }
        return name
    }()

    package let worker: WorkerID
    package let core: RoomWriterCore
    package let leases: ShardLeases
    package let resolutions = ResolutionThreads()
    private let registry: WorkerRegistry
    private let database: PostgresDatabase

    /// - Parameters:
    ///   - url: of the database.
    ///   - key: what events are signed with; `nil`: ``key()``.
    ///   - roomBytesMax: about what rooms in memory may take together.
    ///   - asksLocalServers: whether policy servers are asked without TLS and at any address, as a test's own are.
    ///   - adjust: changes how it connects; only two of its connections are for transactions otherwise.
    package init(
        _ name: String = "writer", url: String, key: SigningKey? = nil, roomBytesMax: Int = RoomBudget.bytesMaxDefault,
        asksLocalServers: Bool = false, adjust: (inout PostgresConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = PostgresConfiguration(url: url)
        configuration.applicationName = name
        configuration.transactionConnectionsMax = 2
        adjust(&configuration)
        database = PostgresDatabase(configuration: configuration, logger: .silent)
        worker = WorkerID(name: name)
        core = RoomWriterCore(
            worker: worker, database: database, server: Self.server, key: try key ?? Self.key(),
            roomBytesMax: roomBytesMax, resolutions: resolutions, egress: asksLocalServers ? HTTPClient() : nil,
            serverScheme: asksLocalServers ? "http" : "https", logger: .silent)
        registry = WorkerRegistry(id: worker, kind: .roomWriter, version: "test", database: database, logger: .silent)
        leases = ShardLeases(worker: worker, database: database, owner: core.owner, logger: .silent)
    }

    /// What the test server signs with.
    package static func key() throws -> SigningKey {
        try SigningKey(keyID: "ed25519:1", seed: [UInt8](repeating: 7, count: 32))
    }

    // MARK: Its life

    /// Carries out `body` while the writer serves every shard.
    package func serving<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await Self.serving([self], body)
    }

    /// Carries out `body` while `writers` serve every shard together, each its share; ends them without a hand-over.
    ///
    /// - Throws: ``DidNotHappen`` when they do not get their shards within ``sharingMax``; what `body` throws.
    package static func serving<Result>(
        _ writers: [InProcessWriter], _ body: () async throws -> Result
    ) async throws -> Result {
        let failure = FirstFailure()
        let outcome = await withTaskGroup(of: Void.self) { group -> Swift.Result<Result, any Error> in
            for writer in writers { group.addTask { await writer.runUntilCancelled(noting: failure) } }
            defer { group.cancelAll() }
            do {
                try await eventually("all shards are served", within: sharingMax) {
                    if let error = failure.error { throw error }
                    return haveTheirShares(writers)
                }
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        for writer in writers {
            await writer.core.close()
            await writer.database.shutdown()
        }
        return try outcome.get()
    }

    private static func haveTheirShares(_ writers: [InProcessWriter]) -> Bool {
        let counts = writers.map(\.core.shardCount)
        let least = TestDatabase.shardCount / writers.count - 1
        return counts.reduce(0, +) == TestDatabase.shardCount && counts.allSatisfy { $0 >= least }
    }

    private func runUntilCancelled(noting failure: FirstFailure) async {
        do {
            try await run()
        } catch {
            // Also its cancellation, which nobody asks about any more.
            failure.note(error)
        }
    }

    /// Registers and serves until cancelled.
    private func run() async throws {
        try await registry.register(
            phase: "ready", publicAddress: nil, internalAddress: "127.0.0.1:1", operationsAddress: "127.0.0.1:2")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.registry.run() }
            group.addTask { await self.core.run() }
            group.addTask { try await self.leases.run() }
            // Each goes on until it is cancelled.
            try await group.waitForAll()
        }
    }

    /// Hands everything over and leaves, as on SIGTERM.
    package func drain() async throws {
        try await registry.enterDraining()
        await leases.drain()
    }

    // MARK: Commands

    package func execute(
        _ command: WriterCommand, id: CommandID, in shard: ShardID
    ) async throws(WriterUnavailable) -> WriterReply {
        let reply = await core.execute(CommandEnvelope(id: id, command: command), in: shard)
        guard case .moved = reply else { return reply }
        throw WriterUnavailable(shard: shard, reason: "it is not owned")
    }

    /// Has a command of a room or user placed by its ID take effect.
    ///
    /// - Throws: ``NotDone`` when it does not; `WriterUnavailable`.
    @discardableResult
    package func execute(
        _ command: WriterCommand, of key: some Identifier, fileID: String = #fileID, line: Int = #line
    ) async throws -> [EventID] {
        let shard = ShardID.placement(of: key, count: TestDatabase.shardCount)
        return try await execute(command, id: .random(), in: shard).events(fileID: fileID, line: line)
    }
}

/// Why the first of some writers ended.
private final class FirstFailure: Sendable {
    private let noted = Mutex<(any Error)?>(nil)

    var error: (any Error)? { noted.withLock { $0 } }

    func note(_ error: any Error) { noted.withLock { $0 = $0 ?? error } }
}
