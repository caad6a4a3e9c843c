import Identifiers
import Postgres
import RoomWriter
import TestSupport
import WorkerContracts
import WriterTestSupport

/// Some room-writers on one database, and a client that finds the owner of a shard as other workers do.
final class TestWriters: WriterCommanding {
    let test: TestDatabase
    let writers: [InProcessWriter]

    init(test: TestDatabase, writers: [InProcessWriter]) {
        self.test = test
        self.writers = writers
    }

    var database: PostgresDatabase { test.database }

    /// Runs `body` with `count` writers on a database of its own; together they own all shards.
    static func with(
        count: Int = 1, roomBytesMax: Int = RoomBudget.bytesMaxDefault,
        adjust: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (TestWriters) async throws -> Void
    ) async throws {
        try await TestDatabase.with { test in
            try await with(on: test, count: count, roomBytesMax: roomBytesMax, adjust: adjust, body)
        }
    }

    /// Runs `body` with `count` writers on `test`, reached by `url` if that is another way.
    static func with(
        on test: TestDatabase, count: Int = 1, url: String? = nil, roomBytesMax: Int = RoomBudget.bytesMaxDefault,
        adjust: (inout PostgresConfiguration) -> Void = { _ in }, _ body: (TestWriters) async throws -> Void
    ) async throws {
        let writers = try (0..<count).map {
            try InProcessWriter(
                "writer-\($0)", url: url ?? test.url, roomBytesMax: roomBytesMax, asksLocalServers: true,
                adjust: adjust)
        }
        try await InProcessWriter.serving(writers) { try await body(TestWriters(test: test, writers: writers)) }
    }

    /// Has a commit wait for a lock that a test holds, for as long as a slow machine may need for what comes meanwhile.
    static func waitForLocks(_ configuration: inout PostgresConfiguration) {
        configuration.lockTimeout = .seconds(60)
        configuration.statementTimeout = .seconds(60)
        configuration.answerTimeout = .seconds(70)
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
