import Leases
import Postgres
import ReplicationLog
import TestSupport
import Testing

@Suite struct CommitConnectionsTests {
    private let worker = WorkerID(name: "writer")

    private func takeAll(_ connections: CommitConnections) async throws -> [PostgresConnection] {
        var taken: [PostgresConnection] = []
        for _ in 0..<CommitConnections.countMax { taken.append(try await connections.take()) }
        return taken
    }

    @Test func waitingForAConnectionIsBounded() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let taken = try await takeAll(connections)
            let began = ContinuousClock.now
            await #expect { _ = try await connections.take() } throws: { ($0 as? PostgresError)?.kind == .overloaded }
            let waited = ContinuousClock.now - began
            #expect(waited >= CommitConnections.waitMax)
            #expect(waited < CommitConnections.waitMax * 2)
            for connection in taken { await connections.giveBack(connection, isUsable: true) }
            await connections.close()
        }
    }

    @Test func whoWaitsGetsWhatIsGivenBackEvenWhenItIsBroken() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let taken = try await takeAll(connections)
            async let first = connections.take()
            async let second = connections.take()
            await connections.giveBack(taken[0], isUsable: true)
            await connections.giveBack(taken[1], isUsable: false)
            let pids = [try await first.backendPID, try await second.backendPID]
            #expect(pids.contains(taken[0].backendPID))
            #expect(!pids.contains(taken[1].backendPID), "a broken one is replaced")
            await connections.close()
        }
    }

    @Test func closingFailsWhoWaits() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let taken = try await takeAll(connections)
            let waiting = Task { try await connections.take() }
            // Closing before the wait has begun fails it as well.
            await connections.close()
            await #expect { _ = try await waiting.value } throws: { ($0 as? PostgresError)?.kind == .closed }
            for connection in taken { await connections.giveBack(connection, isUsable: true) }
            #expect(taken.allSatisfy { !$0.isOpen })
        }
    }

    @Test func aConnectionThatBrokeWhileIdleIsNotHandedOut() async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let taken = try await takeAll(connections)
            for connection in taken { await connections.giveBack(connection, isUsable: true) }
            try await test.database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
                LeaseTable.applicationName(of: worker))
            #expect(try await comesTrue { taken.allSatisfy { !$0.isOpen } })
            for _ in 0..<CommitConnections.countMax {
                let connection = try await connections.take()
                #expect(try await connection.query("SELECT 1").count == 1)
            }
            await connections.close()
        }
    }

    @Test func theNameOfALongWorkerKeepsTheNonceOfItsRun() {
        let name = String(repeating: "apus-room-writer-", count: 5)
        let (first, second) = (WorkerID(name: name), WorkerID(name: name))
        #expect(LeaseTable.applicationName(of: first) != LeaseTable.applicationName(of: second))
        #expect(LeaseTable.applicationName(of: first).utf8.count <= 63)
        #expect(LeaseTable.applicationName(of: WorkerID("w:1")) == "commit w:1")
    }
}
