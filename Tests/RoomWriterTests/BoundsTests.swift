import Identifiers
import Postgres
import RoomWriter
import TestSupport
import Testing
import WorkerContracts

/// What waits is bounded: more is answered at once.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct BoundsTests {
    @Test func roomWithTooManyWaitingCommandsIsBusyAndItsNeighbourIsNot() async throws {
        try await TestWriters.with(adjust: TestWriters.waitForLocks) { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            let other = try writers.neighbour(of: room)
            try await writers.create(room)
            try await writers.create(other)
            let busy = Tally()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                // Commits wait behind this lock until the queue has run over.
                let lock = try await writers.database.dedicatedConnection(applicationName: "test")
                try await lock.query("SET idle_in_transaction_session_timeout = 0")
                try await lock.query("BEGIN")
                try await lock.query("LOCK TABLE log IN EXCLUSIVE MODE")
                let count = RoomWriterCore.queuedPerRoomMax + 150
                for _ in 0..<count {
                    group.addTask {
                        let reply = try await writers.send([TestRoom.message("m", by: alice)], to: room)
                        if case .busy = reply {
                            busy.add()
                            return false
                        }
                        return try reply.events().count == 1
                    }
                }
                try #require(try await comesTrue(within: .seconds(20)) { busy.count >= 10 })
                group.addTask {
                    let reply = try await writers.send([TestRoom.message("m", by: alice)], to: other)
                    return try reply.events().isEmpty
                }
                try await Task.sleep(for: .milliseconds(20))
                try await lock.query("ROLLBACK")
                await lock.close()
                let done = try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                #expect(done + busy.count == count)
                #expect(done >= RoomWriterCore.queuedPerRoomMax)
                #expect(try await writers.messages(in: room).count == done)
                #expect(try await writers.messages(in: other).count == 1)
            }
        }
    }
}
