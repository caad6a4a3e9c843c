import Identifiers
import Leases
import Postgres
import ReplicationLog
import Synchronization
import TestSupport
import Testing

/// Sixteen writers at once, and readers that follow them with and without hints.
@Suite struct ManyWritersTests {
    private static let writers = 16
    private static let readers = 4
    private static let pairsPerWriter = 40

    /// Each writer owns a users' shard and a rooms' shard; it stores a room key, waits for the acknowledgement, and sends
    /// the message that needs it.
    @Test func noRowIsMissedOrDoubledAndNoMessageIsSeenBeforeItsKey() async throws {
        try await TestDatabase.with { test in
            let records = (0..<Self.readers).map { _ in TailRecord() }
            let tails = records.map { record in
                LogTail(database: test.database, logger: .silent) { update in
                    record.take(update) { isSeen in
                        let message = update.entries.first {
                            $0.kind == .event && !isSeen("@" + $0.key.string.dropFirst())
                        }
                        return message.map { "\($0.key.string) is seen, its key is not" }
                    }
                }
            }
            for tail in tails { try await tail.start() }
            let following = tails.map { tail in Task { try await tail.run() } }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<Self.writers {
                    group.addTask {
                        // Every other writer's commits are hinted at, as if its feed were on.
                        try await Self.write(number, test) { if number % 2 == 0 { tails.forEach { $0.hint() } } }
                    }
                }
                try await group.waitForAll()
            }
            let expected = Self.writers * Self.pairsPerWriter * 2
            for record in records {
                #expect(try await comesTrue { record.count == expected })
                #expect(record.faults == [])
                #expect(record.gaps == 0)
                for number in 0..<Self.writers {
                    let keys = (0..<Self.pairsPerWriter).map { "@\(number)-\($0):x" }
                    #expect(record.keys(of: Self.userShard(number)) == keys)
                }
            }
            for task in following {
                task.cancel()
                _ = await task.result
            }
        }
    }

    private static func userShard(_ writer: Int) -> ShardID { ShardID(Int16(writer)) }

    private static func write(_ number: Int, _ test: TestDatabase, hint: @Sendable () -> Void) async throws {
        let worker = WorkerID(name: "writer-\(number)")
        let connections = CommitConnections(database: test.database, worker: worker)
        // Rooms are in lower shards than their users for half of them, in higher ones for the others.
        let roomNumber = Int16(number % 2 == 0 ? 32 + number : 63 - number)
        let users = try await TestWriter.claim(
            userShard(number).number, for: worker, database: test.database, connections: connections)
        let rooms = try await TestWriter.claim(
            roomNumber, for: worker, database: test.database, connections: connections)
        for pair in 0..<pairsPerWriter {
            try await users.append(["@\(number)-\(pair):x"])
            hint()
            try await rooms.append(["!\(number)-\(pair):x"], kind: .event)
            hint()
        }
        await connections.close()
    }
}
