import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

/// A commit of several shards whose connection is cut behind every byte: all of them took effect or none, and each finds out.
@Suite struct CutJointCommitTests {
    /// A few shards, their writer and a proxy of their own, so that several go on at once.
    private struct Lane: CutLane {
        static let count = 8
        static let shardsEach = 3

        let numbers: [Int16]
        let worker: WorkerID
        let proxy: TCPProxy
        let proxied: PostgresDatabase
        let test: TestDatabase

        init(_ index: Int, _ test: TestDatabase) throws {
            let server = try #require(URLPort(test.url))
            numbers = (0..<Self.shardsEach).map { Int16(index * Self.shardsEach + $0) }
            worker = WorkerID(name: "cut-\(index)")
            proxy = try TCPProxy(to: server.port)
            var configuration = PostgresConfiguration(url: server.replaced(by: proxy.port))
            // Only the commit's connection goes through the proxy: every byte counted is its own.
            configuration.sharedConnections = 0
            proxied = PostgresDatabase(configuration: configuration, logger: .silent)
            self.test = test
        }

        func loads(_ number: Int, _ kind: UInt8) -> [JointShards.Load] {
            numbers.map { shard in
                // As many characters whatever the number is: every commit has the same bytes.
                let name = String(number + 10_000)
                return JointShards.Load(
                    shard: ShardID(shard), keys: ["@\(shard + 100)-\(name)-\(kind):x"],
                    command: [kind, UInt8(shard), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)])
            }
        }

        /// Shards whose commits' connection is made and warm, also for the joint statements.
        func prepare(_ number: Int) async throws -> (CommitConnections, JointShards) {
            let connections = CommitConnections(database: proxied, worker: worker)
            let shards = JointShards(worker, connections: connections)
            try await shards.claim(numbers, database: test.database)
            try await demandCommitted(await shards.commitTogether(loads(number, 0)))
            return (connections, shards)
        }

        func demandCommitted(_ outcomes: [AppendOutcome]?) async throws {
            for outcome in try #require(outcomes) {
                guard case .committed = outcome else {
                    throw PostgresError(.decoding("an undisturbed commit ended otherwise: \(outcome)"))
                }
            }
        }

        func measure() async throws -> [TCPProxy.Direction: Int] {
            let (connections, shards) = try await prepare(0)
            let before = (proxy.forwarded(.toServer), proxy.forwarded(.toClient))
            try await demandCommitted(await shards.commitTogether(loads(0, 1)))
            await connections.close()
            return [
                .toServer: proxy.forwarded(.toServer) - before.0, .toClient: proxy.forwarded(.toClient) - before.1,
            ]
        }

        func cut(_ direction: TCPProxy.Direction, afterBytes count: Int, number: Int) async throws -> Bool {
            let (connections, shards) = try await prepare(number)
            let place = "behind \(count) bytes \(direction)"
            let loads = loads(number, 1)
            var heads: [ShardSequence] = []
            for load in loads { heads.append(await shards.head(of: load.shard)) }
            proxy.cut(direction, afterBytes: count)
            let outcomes = try #require(await shards.commitTogether(loads), "\(place): refused")
            proxy.cut(direction, afterBytes: .max)
            var durable: [Bool] = []
            for (index, load) in loads.enumerated() {
                var head = await shards.head(of: load.shard)
                switch outcomes[index] {
                case .committed: break
                case .inDoubt: head = try #require(await shards.recover(load.shard), "\(place): lost")
                case .fenced, .refused: Issue.record("\(place): \(outcomes[index])")
                }
                durable.append(head == heads[index].advanced(by: 1))
                #expect(durable[index] || head == heads[index], "\(place): the head is elsewhere")
            }
            #expect(Set(durable).count == 1, "\(place): \(durable), though it is all or none")
            let stored = try await test.database.query(
                "SELECT FROM command_result WHERE command_id = ANY ($1::bytea[])", loads.map(\.command))
            #expect(stored.count == (durable[0] ? loads.count : 0), "\(place)")
            // Whatever it was, the next commit of all is accepted, and a repeat makes it exactly once.
            try await demandCommitted(await shards.commitTogether(durable[0] ? self.loads(number, 2) : loads))
            await connections.close()
            return durable[0]
        }
    }

    @Test func aCutBehindEveryByteLosesAndDoublesNothingInAnyShard() async throws {
        try await TestDatabase.with { test in
            let lanes = try (0..<Lane.count).map { try Lane($0, test) }
            try await cutBehindEveryByte(lanes, ofTheRequestOneIn: 9)
            try await expectNothingMissedOrDoubled(test)
        }
    }
}
