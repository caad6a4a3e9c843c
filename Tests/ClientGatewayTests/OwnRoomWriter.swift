import Identifiers
import Leases
import Postgres
import RoomWriter
import TestSupport
import Testing
import WorkerContracts

/// A room-writer in the test's process that owns all shards, by real leases.
final class OwnRoomWriter: WriterCommanding {
    private let core: RoomWriterCore
    private let registry: WorkerRegistry
    private let leases: ShardLeases
    private let database: PostgresDatabase

    private init(_ test: TestDatabase) throws {
        var configuration = PostgresConfiguration(url: test.url)
        configuration.transactionConnectionsMax = 2
        database = PostgresDatabase(configuration: configuration, logger: .silent)
        let worker = WorkerID(name: "writer")
        core = RoomWriterCore(
            worker: worker, database: database, server: try #require(ServerName(TestDatabase.serverName)),
            key: try Gateway.signingKey(), logger: .silent)
        registry = WorkerRegistry(
            id: worker, kind: .roomWriter, version: "test", database: database, logger: .silent)
        leases = ShardLeases(worker: worker, database: database, owner: core.owner, logger: .silent)
    }

    static func with(_ test: TestDatabase, _ body: (OwnRoomWriter) async throws -> Void) async throws {
        let writer = try OwnRoomWriter(test)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await writer.run() }
            let outcome: Result<Void, any Error>
            do {
                try await writer.waitForShards()
                outcome = .success(try await body(writer))
            } catch {
                outcome = .failure(error)
            }
            group.cancelAll()
            // It ends by cancellation, whichever way it says so.
            do { try await group.waitForAll() } catch {}
            await writer.core.close()
            await writer.database.shutdown()
            try outcome.get()
        }
    }

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

    private func waitForShards() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while core.shardCount < TestDatabase.shardCount {
            try #require(ContinuousClock.now < deadline, "the writer did not get its shards in 20 s")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func execute(
        _ command: WriterCommand, id: CommandID, in shard: ShardID
    ) async throws(WriterUnavailable) -> WriterReply {
        let reply = await core.execute(CommandEnvelope(id: id, command: command), in: shard)
        guard case .moved = reply else { return reply }
        throw WriterUnavailable(shard: shard, reason: "it is not owned")
    }
}
