import CanonicalJSON
import Identifiers
import Leases
import OutboundHTTP
import Postgres
import RoomWriter
import Signing
import Storage
import TestSupport
import Testing
import WorkerContracts

/// A room-writer in the test's process, with real leases on the test's database.
final class TestWriter: Sendable {
    let worker: WorkerID
    let core: RoomWriterCore
    let registry: WorkerRegistry
    let leases: ShardLeases
    let resolutions = ResolutionThreads()
    private let database: PostgresDatabase

    init(
        _ name: String, url: String, roomBytesMax: Int, adjust: (inout PostgresConfiguration) -> Void
    ) throws {
        var configuration = PostgresConfiguration(url: url)
        configuration.applicationName = name
        configuration.transactionConnectionsMax = 2
        adjust(&configuration)
        database = PostgresDatabase(configuration: configuration, logger: .silent)
        worker = WorkerID(name: name)
        core = RoomWriterCore(
            worker: worker, database: database, server: TestRoom.server, key: try TestRoom.key(),
            roomBytesMax: roomBytesMax, resolutions: resolutions, egress: HTTPClient(), serverScheme: "http",
            logger: .silent)
        registry = WorkerRegistry(
            id: worker, kind: .roomWriter, version: "test", database: database, logger: .silent)
        leases = ShardLeases(worker: worker, database: database, owner: core.owner, logger: .silent)
    }

    /// Registers and serves until cancelled.
    func run() async throws {
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

    func close() async {
        await core.close()
        await database.shutdown()
    }

    /// Hands everything over and leaves, as on SIGTERM.
    func drain() async throws {
        try await registry.enterDraining()
        await leases.drain()
    }
}

/// Some room-writers on one database, and a client that finds the owner of a shard as other workers do.
final class TestWriters: WriterCommanding {
    let test: TestDatabase
    let writers: [TestWriter]

    init(test: TestDatabase, writers: [TestWriter]) {
        self.test = test
        self.writers = writers
    }

    var database: PostgresDatabase { test.database }

    /// Runs `body` with `count` writers on a database of its own; together they own all shards.
    static func with(
        count: Int = 1, roomBytesMax: Int = 512 << 20, adjust: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (TestWriters) async throws -> Void
    ) async throws {
        try await TestDatabase.with { test in
            try await with(on: test, count: count, roomBytesMax: roomBytesMax, adjust: adjust, body)
        }
    }

    /// Runs `body` with `count` writers on `test`, reached by `url` if that is another way.
    static func with(
        on test: TestDatabase, count: Int = 1, url: String? = nil, roomBytesMax: Int = 512 << 20,
        adjust: (inout PostgresConfiguration) -> Void = { _ in }, _ body: (TestWriters) async throws -> Void
    ) async throws {
        let writers = try (0..<count).map {
            try TestWriter("writer-\($0)", url: url ?? test.url, roomBytesMax: roomBytesMax, adjust: adjust)
        }
        try await TestWriters(test: test, writers: writers).run(body)
    }

    private func run(_ body: (TestWriters) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in writers { group.addTask { try await writer.run() } }
            do {
                try #require(
                    try await comesTrue(within: .seconds(20)) {
                        writers.reduce(0) { $0 + $1.core.shardCount } == TestDatabase.shardCount
                            && writers.allSatisfy { $0.core.shardCount >= TestDatabase.shardCount / writers.count - 1 }
                    })
                try await body(self)
            } catch {
                await end(&group)
                throw error
            }
            await end(&group)
        }
    }

    private func end(_ group: inout ThrowingTaskGroup<Void, any Error>) async {
        group.cancelAll()
        // Each ends by cancellation, whichever way it says so.
        while (try? await group.next()) != nil {}
        for writer in writers { await writer.close() }
    }

    /// A room on the shard of `other`.
    func neighbour(of other: TestRoom, creator: String = "alice") throws -> TestRoom {
        while true {
            let room = try TestRoom(creator: creator)
            if room.shard == other.shard { return room }
        }
    }

    /// How long a command is tried in all.
    static let deadline = Duration.seconds(10)

    func execute(
        _ command: WriterCommand, id: CommandID, in shard: ShardID
    ) async throws(WriterUnavailable) -> WriterReply {
        let end = ContinuousClock.now + Self.deadline
        while ContinuousClock.now < end {
            for writer in writers {
                let reply = await writer.core.execute(CommandEnvelope(id: id, command: command), in: shard)
                if case .moved = reply { continue }
                return reply
            }
            // Nobody owns it for the moment; cancellation ends the wait.
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw WriterUnavailable(shard: shard, reason: "nobody took it")
    }

    /// Executes a command of a room or user placed by its ID.
    func execute(_ command: WriterCommand, id: CommandID = .random(), of key: some Identifier) async throws
        -> WriterReply
    {
        try await execute(command, id: id, in: ShardID.placement(of: key, count: TestDatabase.shardCount))
    }
}
