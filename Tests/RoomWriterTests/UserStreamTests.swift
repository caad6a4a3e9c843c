import CanonicalJSON
import Identifiers
import Postgres
import RoomWriter
import Storage
import Testing
import WorkerContracts

/// Receipts, account data, to-device messages and forgotten rooms.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct UserStreamTests {
    @Test func receiptNeverMovesBack() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            try await writers.create(room)
            let drafts = (0..<3).map { TestRoom.message("\($0)", by: alice) }
            let events = try await writers.send(drafts, to: room).events()
            for event in [events[1], events[0]] {
                _ = try await writers.read(event, by: alice, in: room).events()
            }
            let thread = try await writers.read(events[0], by: alice, in: room, thread: "main")
            #expect(try thread.events().isEmpty)
            let rows = try await writers.database.query("SELECT event_id, thread_id FROM receipt ORDER BY thread_id")
            #expect(try rows.map { try $0.text("event_id") } == [events[1].rawValue, events[0].rawValue])
            // Many at once in one batch: the furthest stays.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for event in [events[2], events[0], events[1], events[2], events[0]] {
                    group.addTask { _ = try await writers.read(event, by: alice, in: room).events() }
                }
                try await group.waitForAll()
            }
            let last = try await writers.database.query("SELECT event_id FROM receipt WHERE thread_id = ''")
            #expect(try last[0].text("event_id") == events[2].rawValue)
        }
    }

    @Test func receiptsOfStrangersAndOnUnknownEventsAreRefused() async throws {
        try await TestWriters.with { writers in
            let room = try TestRoom()
            let events = try await writers.create(room)
            let stranger = try await writers.read(events[0], by: try user("mallory"), in: room)
            #expect(stranger.refusal?.errcode == "M_FORBIDDEN")
            let unknown = try #require(EventID("$unknown"))
            #expect(try await writers.read(unknown, by: room.creator, in: room).refusal?.errcode == "M_NOT_FOUND")
            let nul = try await writers.read(events[0], by: room.creator, in: room, thread: "a\0b")
            #expect(nul.refusal?.errcode == "M_INVALID_PARAM")
        }
    }

    @Test func accountDataIsSetReplacedAndDeleted() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            let store = AccountDataStore(database: writers.database)
            func set(_ content: JSONObject?, in place: RoomID? = nil) async throws {
                let command = WriterCommand.SetAccountData(user: alice, room: place, type: "te\0st", content: content)
                _ = try await writers.execute(.setAccountData(command), of: alice).events()
            }
            try await set(["value": 1])
            try await set(["value": 2], in: room.room)
            #expect(try await store.fetch("te\0st", of: alice, in: nil) == ["value": 1])
            #expect(try await store.fetch("te\0st", of: alice, in: room.room) == ["value": 2])
            try await set(nil)
            #expect(try await store.fetch("te\0st", of: alice, in: nil) == nil)
            let rows = try await writers.database.query("SELECT seq FROM account_data WHERE content IS NULL")
            #expect(try rows.map { try $0.int64("seq") } == [3])
        }
    }

    @Test func messagesReachTheDevicesThatExistInOrder() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            try await writers.addDevices(["ONE", "TWO"], of: alice)
            func message(_ number: Int64) -> JSONObject { ["content": ["n": .int(number)], "type": "test"] }
            let (one, gone) = (try #require(DeviceID("ONE")), try #require(DeviceID("GONE")))
            let command = WriterCommand.SendToDevice(
                user: alice, messages: [(nil, message(1)), (one, message(2)), (gone, message(3))])
            _ = try await writers.execute(.sendToDevice(command), of: alice).events()
            let rows = try await writers.database.query(
                "SELECT device_id, seq, message FROM to_device ORDER BY seq, device_id")
            #expect(try rows.map { try $0.text("device_id") } == ["ONE", "TWO", "ONE"])
            #expect(try rows.map { try $0.int64("seq") } == [1, 1, 2])

            let nobody = WriterCommand.SendToDevice(user: alice, messages: [(gone, message(4))])
            _ = try await writers.execute(.sendToDevice(nobody), of: alice).events()
            let delete = WriterCommand.DeleteToDevice(user: alice, device: one, upTo: ShardSequence(1))
            _ = try await writers.execute(.deleteToDevice(delete), of: alice).events()
            let left = try await writers.database.query("SELECT device_id, seq FROM to_device ORDER BY device_id")
            #expect(try left.map { try $0.int64("seq") } == [2, 1])
        }
    }

    @Test func onlyRoomsThatWereLeftAreForgotten() async throws {
        try await TestWriters.with { writers in
            let bob = try user("bob")
            let room = try TestRoom()
            try await writers.create(room, members: [bob])
            func forget(_ user: UserID) async throws -> WriterReply {
                try await writers.execute(
                    .forgetRoom(.init(room: room.room, user: user)), id: .random(), in: room.shard)
            }
            #expect(try await forget(bob).refusal?.status == 400)
            #expect(try await forget(try user("mallory")).refusal?.status == 404)
            _ = try await writers.send([TestRoom.member(bob, "leave")], to: room).events()
            let (_, position) = try #require(try await forget(bob).done)
            let rows = try await writers.database.query("SELECT user_id, seq FROM forgotten_room")
            #expect(try rows[0].text("user_id") == bob.rawValue)
            #expect(try rows[0].int64("seq") == position.value)
        }
    }
}

extension TestWriters {
    func read(_ event: EventID, by user: UserID, in room: TestRoom, thread: String? = nil) async throws -> WriterReply {
        let receipt = WriterCommand.SetReceipt(
            room: room.room, user: user, type: "m.read", event: event, thread: thread,
            readAt: Timestamp(milliseconds: 1))
        return try await execute(.setReceipt(receipt), id: .random(), in: room.shard)
    }

    func addDevices(_ devices: [String], of user: UserID) async throws {
        try await database.query(
            "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, $2, 0)", user.rawValue,
            ShardID.placement(of: user, count: 64).number)
        for device in devices {
            try await database.query(
                "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, $2, 0)", user.rawValue, device)
        }
    }
}

extension WriterReply {
    var done: (events: [EventID], position: ShardSequence)? {
        if case .done(let events, let position) = self { (events, position) } else { nil }
    }
}
