import Identifiers
import Leases
import Logging
import Postgres
import RoomWriter
import Signing
import TestSupport
import WorkerContracts

/// Events acknowledged in a second by one room-writer in this process, without the router, client workers and HTTP
/// before it; beside PostgreSQL alone, as in ``AcknowledgedEvents``.
struct WriterAlone: Benchmark {
    static let name = "writer-alone"
    static let duration = Duration.seconds(10)

    func run() async throws -> [Figure] {
        try await TestDatabase.with { test in
            let writer = try OwnWriter(test)
            return try await writer.serving {
                let rooms = try await writer.makeRooms(AcknowledgedEvents.rooms)
                try await send(to: rooms, through: writer, for: .seconds(1))
                let marker = try await BareInsert.heads(test.database)
                let events =
                    Double(try await send(to: rooms, through: writer, for: Self.duration))
                    / Self.duration.inSeconds
                let bare = try await BareInsert.measure(after: marker, of: test.database)
                return [
                    Figure("events_per_second", events), Figure("rows_per_commit", bare.rowsPerCommit),
                    Figure("bare_same_commits_per_second", bare.sameCommits),
                    Figure("ratio_to_bare", events / bare.sameCommits, digits: 2),
                    Figure("bare_commits_of_50_per_second", bare.largeCommits),
                    Figure("ratio_to_bare_of_50", events / bare.largeCommits, digits: 2),
                ]
            }
        }
    }

    /// Some senders in each room who send the next as soon as the last is acknowledged.
    @discardableResult
    private func send(to rooms: [RoomID], through writer: OwnWriter, for duration: Duration) async throws -> Int {
        let endsAt = ContinuousClock.now + duration
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for room in rooms {
                for _ in 0..<AcknowledgedEvents.sendersEach {
                    group.addTask {
                        var sent = 0
                        while ContinuousClock.now < endsAt {
                            try await writer.send("hello", to: room)
                            sent += 1
                        }
                        return sent
                    }
                }
            }
            return try await group.reduce(0, +)
        }
    }
}

/// A room-writer in this process that owns all shards, by real leases.
private final class OwnWriter: Sendable {
    private let core: RoomWriterCore
    private let registry: WorkerRegistry
    private let leases: ShardLeases
    private let database: PostgresDatabase
    private let sender: UserID

    init(_ test: TestDatabase) throws {
        guard let server = ServerName(TestDatabase.serverName),
            let sender = UserID(localpart: "sender", server: server)
        else { throw BenchmarkFailure.unexpected("the test server's name") }
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let worker = WorkerID(name: "writer")
        database = PostgresDatabase(configuration: PostgresConfiguration(url: test.url), logger: logger)
        core = RoomWriterCore(
            worker: worker, database: database, server: server,
            key: try SigningKey(keyID: "ed25519:1", seed: [UInt8](repeating: 7, count: 32)), logger: logger)
        registry = WorkerRegistry(id: worker, kind: .roomWriter, version: "bench", database: database, logger: logger)
        leases = ShardLeases(worker: worker, database: database, owner: core.owner, logger: logger)
        self.sender = sender
    }

    /// Carries out `body` while the writer serves every shard.
    func serving<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await registry.register(
            phase: "ready", publicAddress: nil, internalAddress: "127.0.0.1:1", operationsAddress: "127.0.0.1:2")
        let result = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.registry.run() }
            group.addTask { await self.core.run() }
            group.addTask { try await self.leases.run() }
            defer { group.cancelAll() }
            guard try await comesTrue(within: .seconds(20), { self.core.shardCount == TestDatabase.shardCount }) else {
                throw BenchmarkFailure.unexpected("the writer did not get its shards")
            }
            return try await body()
        }
        await core.close()
        await database.shutdown()
        return result
    }

    func makeRooms(_ count: Int) async throws -> [RoomID] {
        var rooms: [RoomID] = []
        for number in 0..<count {
            guard let room = RoomID("!bench\(number):\(TestDatabase.serverName)") else {
                throw BenchmarkFailure.unexpected("a room's ID")
            }
            let create = WriterCommand.CreateRoom(
                room: room, version: "11", createEvent: nil,
                events: [
                    EventDraft(
                        type: "m.room.create", stateKey: "", sender: sender, content: ["room_version": "11"]),
                    EventDraft(
                        type: "m.room.member", stateKey: sender.rawValue, sender: sender,
                        content: ["membership": "join"]),
                ])
            try await execute(.createRoom(create), of: room)
            rooms.append(room)
        }
        return rooms
    }

    func send(_ text: String, to room: RoomID) async throws {
        let message = EventDraft(
            type: "m.room.message", stateKey: nil, sender: sender,
            content: ["msgtype": "m.text", "body": .string(text)])
        try await execute(.sendEvents(.init(room: room, events: [message])), of: room)
    }

    private func execute(_ command: WriterCommand, of room: RoomID) async throws {
        let shard = ShardID.placement(of: room, count: TestDatabase.shardCount)
        let reply = await core.execute(CommandEnvelope(id: .random(), command: command), in: shard)
        guard case .done = reply else { throw BenchmarkFailure.unexpected("\(reply)") }
    }
}
