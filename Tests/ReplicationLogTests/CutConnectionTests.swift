import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

/// A commit whose connection is cut behind every byte, in both directions: what became of it is always found out.
@Suite struct CutConnectionTests {
    /// A shard, its writer and a proxy of their own, so that several go on at once.
    private struct Lane: CutLane {
        static let count = 8

        let shard: ShardID
        let worker: WorkerID
        let proxy: TCPProxy
        let proxied: PostgresDatabase
        let test: TestDatabase

        init(_ number: Int16, _ test: TestDatabase) throws {
            let server = try #require(URLPort(test.url))
            shard = ShardID(number)
            worker = WorkerID(name: "cut-\(number)")
            proxy = try TCPProxy(to: server.port)
            var configuration = PostgresConfiguration(url: server.replaced(by: proxy.port))
            // Only the commit's connection goes through the proxy: every byte counted is its own.
            configuration.sharedConnections = 0
            proxied = PostgresDatabase(configuration: configuration, logger: .silent)
            self.test = test
        }

        /// A committer whose connection is made and warm, and its head.
        func prepare(_ number: Int) async throws -> (CommitConnections, ShardAppender, ShardSequence) {
            let connections = CommitConnections(database: proxied, worker: worker)
            let owned = try #require(try await TestWriter.own(shard, for: worker, database: test.database))
            let appender = ShardAppender(
                owned: owned, worker: worker, database: test.database, connections: connections, logger: .silent)
            let warm = TestWriter.work(
                ["@\(shard)-\(number)-warm:x"], shard: shard, base: owned.head, command: Self.command(shard, number, 0))
            guard case .committed(let head) = await appender.commit(warm) else {
                throw PostgresError(.decoding("an undisturbed commit failed"))
            }
            return (connections, appender, head)
        }

        static func command(_ shard: ShardID, _ number: Int, _ kind: UInt8) -> [UInt8] {
            [kind, UInt8(shard.number), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
        }

        func measure() async throws -> [TCPProxy.Direction: Int] {
            let (connections, appender, head) = try await prepare(0)
            let before = (proxy.forwarded(.toServer), proxy.forwarded(.toClient))
            let work = TestWriter.work(
                ["@\(shard)-measure:x"], shard: shard, base: head, command: Self.command(shard, 0, 1))
            guard case .committed = await appender.commit(work) else {
                throw PostgresError(.decoding("an undisturbed commit failed"))
            }
            await connections.close()
            return [
                .toServer: proxy.forwarded(.toServer) - before.0, .toClient: proxy.forwarded(.toClient) - before.1,
            ]
        }

        func cut(_ direction: TCPProxy.Direction, afterBytes count: Int, number: Int) async throws -> Bool {
            let (connections, appender, head) = try await prepare(number)
            let key = "@\(shard)-\(number):x"
            var base = head
            proxy.cut(direction, afterBytes: count)
            let command = Self.command(shard, number, 1)
            let outcome = await appender.commit(TestWriter.work([key], shard: shard, base: base, command: command))
            var isDurable = false
            switch outcome {
            case .committed(let head):
                isDurable = true
                base = head
            case .inDoubt:
                base = try #require(await appender.recover())
                isDurable = base == head.advanced(by: 1)
                #expect(isDurable || base == head, "behind \(count) bytes \(direction)")
            case .fenced, .refused: Issue.record("behind \(count) bytes \(direction): \(outcome)")
            }
            let stored = try await test.database.query("SELECT FROM command_result WHERE command_id = $1", command)
            #expect(stored.count == (isDurable ? 1 : 0), "behind \(count) bytes \(direction)")
            // Whatever it was, the next commit is accepted, and a repeat makes it exactly once.
            let next = isDurable ? key + "-next" : key
            let repeated = TestWriter.work(
                [next], shard: shard, base: base, command: isDurable ? Self.command(shard, number, 2) : command)
            proxy.cut(direction, afterBytes: .max)
            guard case .committed = await appender.commit(repeated) else {
                Issue.record("behind \(count) bytes \(direction): not usable after recovery")
                return isDurable
            }
            await connections.close()
            return isDurable
        }
    }

    @Test func aCutBehindEveryByteLosesAndDoublesNothing() async throws {
        try await TestDatabase.with { test in
            let lanes = try (0..<Lane.count).map { try Lane(Int16($0), test) }
            try await cutBehindEveryByte(lanes, ofTheRequestOneIn: 5)
            try await expectNothingMissedOrDoubled(test)
        }
    }
}
