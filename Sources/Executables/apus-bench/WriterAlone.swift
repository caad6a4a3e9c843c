import Identifiers
import TestSupport
import WorkerContracts
import WriterTestSupport

/// Events acknowledged in a second by one room-writer in this process, without the router, client workers and HTTP
/// before it; beside PostgreSQL alone, as in ``AcknowledgedEvents``.
struct WriterAlone: Benchmark {
    static let name = "writer-alone"
    static let duration = Duration.seconds(10)
    /// As many as a worker has if nobody says otherwise.
    private static let transactionConnectionsMax = 8

    func run() async throws -> [Figure] {
        try await TestDatabase.with { test in
            let writer = try InProcessWriter(url: test.url) {
                $0.transactionConnectionsMax = Self.transactionConnectionsMax
            }
            return try await writer.serving {
                let sender = try RoomSender(through: writer)
                let rooms = try await sender.makeRooms(AcknowledgedEvents.rooms)
                try await send(to: rooms, by: sender, for: .seconds(1))
                let marker = try await BareInsert.heads(test.database)
                let events =
                    Double(try await send(to: rooms, by: sender, for: Self.duration))
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

    /// Some senders' tasks in each room, which send the next as soon as the last is acknowledged.
    @discardableResult
    private func send(to rooms: [RoomID], by sender: RoomSender, for duration: Duration) async throws -> Int {
        let endsAt = ContinuousClock.now + duration
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for room in rooms {
                for _ in 0..<AcknowledgedEvents.sendersEach {
                    group.addTask {
                        var sent = 0
                        while ContinuousClock.now < endsAt {
                            try await sender.send("hello", to: room)
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

/// Who makes the rooms and sends to them.
private struct RoomSender {
    private let writer: InProcessWriter
    private let user: UserID

    init(through writer: InProcessWriter) throws {
        guard let user = UserID(localpart: "sender", server: InProcessWriter.server) else {
            throw BenchmarkFailure.unexpected("the sender's ID")
        }
        self.writer = writer
        self.user = user
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
                    EventDraft(type: "m.room.create", stateKey: "", sender: user, content: ["room_version": "11"]),
                    EventDraft(
                        type: "m.room.member", stateKey: user.rawValue, sender: user, content: ["membership": "join"]),
                ])
            try await writer.execute(.createRoom(create), of: room)
            rooms.append(room)
        }
        return rooms
    }

    func send(_ text: String, to room: RoomID) async throws {
        let message = EventDraft(
            type: "m.room.message", stateKey: nil, sender: user,
            content: ["msgtype": "m.text", "body": .string(text)])
        try await writer.execute(.sendEvents(.init(room: room, events: [message])), of: room)
    }
}
