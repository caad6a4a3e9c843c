import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomWriter
import Synchronization
import TestSupport
import Testing
import WorkerContracts

/// A room whose state resolution takes seconds costs only itself.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct SlowResolutionTests {
    /// Keeps every thread that resolves state at work until it is opened: calculating, as a large fork does.
    private final class LongResolutions: Sendable {
        private let isOver = Atomic(false)
        private let running = Atomic(0)

        func begin(on threads: ResolutionThreads, in group: inout ThrowingTaskGroup<Void, any Error>) {
            for _ in 0..<ResolutionThreads.threadsMax {
                group.addTask { [self] in
                    _ = await threads.run { [self] in
                        running.add(1, ordering: .relaxed)
                        while !isOver.load(ordering: .relaxed) {}
                    }
                }
            }
        }

        var areRunning: Bool { running.load(ordering: .relaxed) == ResolutionThreads.threadsMax }
        func end() { isOver.store(true, ordering: .relaxed) }
    }

    /// What a room's sends took, one after another.
    private func send(_ count: Int, to room: TestRoom, _ writers: TestWriters) async throws -> [Duration] {
        var took: [Duration] = []
        for number in 0..<count {
            let began = ContinuousClock.now
            _ = try await writers.send([TestRoom.message("\(number)", by: room.creator)], to: room).events()
            took.append(.now - began)
        }
        return took
    }

    private func sendToAll(_ rooms: [TestRoom], _ writers: TestWriters) async throws -> [Duration] {
        try await withThrowingTaskGroup(of: [Duration].self) { group in
            for room in rooms { group.addTask { try await send(20, to: room, writers) } }
            return try await group.reduce(into: []) { $0 += $1 }.sorted()
        }
    }

    @Test func neighboursOfTheSameAndOtherShardsSendWhileARoomIsResolved() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom(levels: ["users": .object([bob.rawValue: 50])])
            let first = try await writers.create(room, members: [bob])
            var neighbours = [try writers.neighbour(of: room), try writers.neighbour(of: room)]
            while neighbours.count < 6 {
                let other = try TestRoom()
                if other.shard != room.shard { neighbours.append(other) }
            }
            for neighbour in neighbours { try await writers.create(neighbour) }
            let quiet = try await sendToAll(neighbours, writers)

            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let fork = try [alice, bob].map { sender in
                try elsewhere.make(
                    TestRoom.state("m.room.topic", "", ["topic": .string("of \(sender)")], by: sender), after: [last],
                    auth: first)
            }
            _ = try await writers.receive([fork[0].json], in: room).events()

            let long = LongResolutions()
            let answered = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Also when an expectation fails: threads do not end by cancellation.
                defer { long.end() }
                long.begin(on: writers.writers[0].resolutions, in: &group)
                try #require(try await comesTrue { long.areRunning })
                let began = ContinuousClock.now
                // The second end of the fork has to be resolved with the first, and a send waits behind it in its room.
                group.addTask {
                    _ = try await writers.receive([fork[1].json], in: room).events()
                    answered.add()
                }
                try #require(try await comesTrue { writers.writers[0].resolutions.waitingCount == 1 })
                group.addTask {
                    _ = try await writers.send([TestRoom.message("behind", by: alice)], to: room).events()
                    answered.add()
                }
                var beside: [Duration] = []
                // For seconds, however fast the machine is.
                repeat {
                    beside += try await sendToAll(neighbours, writers)
                } while ContinuousClock.now - began < .seconds(3)
                #expect(answered.count == 0, "the room waits for its resolution")
                long.end()
                try await group.waitForAll()
                print(
                    "sends beside a resolution of \(ContinuousClock.now - began): \(beside.count),",
                    "median \(middle(beside)) against \(middle(quiet)) before it")
            }
            #expect(answered.count == 2)
            #expect(try await writers.messages(in: room).map(\.body) == ["behind"])
            try await writers.expectStateAgrees(in: room)
        }
    }

    private func middle(_ durations: [Duration]) -> Duration { durations.sorted()[durations.count / 2] }
}
