import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules
import RoomWriter
import Storage
import Testing
import WorkerContracts

/// What a command writes, read back as readers do.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SendingTests {
    @Test(arguments: ["1", "3", "6", "10", "11", "12"])
    func roomOfEachFormatIsCreatedAndWrittenTo(version: String) async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom(version: version)
            let created = try await writers.create(room, members: [bob])
            #expect(created.count == 5)
            let sent = try await writers.send(
                [TestRoom.message("one", by: alice), TestRoom.message("two", by: bob)], to: room)
            let ids = try sent.events()

            let store = KnownEvents(database: writers.database)
            let events = try await store.fetch(created + ids, of: room.room, rules: room.version.rules)
            #expect(events.count == 7)
            for id in created + ids {
                let event = try #require(events[id]?.event)
                #expect(EventHashing.hasValidContentHash(event.json))
                #expect(event.room == room.room)
            }
            let last = try #require(events[ids[1]])
            #expect(last.event.prevEvents == [ids[0]])
            #expect(last.event.depth == 7)
            let head = try #require(try await RoomHeadStore(database: writers.database).fetch(room.room))
            #expect(head.extremities.map(\.event) == [ids[1]])
            #expect(head.currentRoot == last.stateAfter)
            let facts = RoomFacts(database: writers.database)
            #expect(try await facts.membership(of: bob, in: room.room) == "join")
            #expect(try await facts.joinedRooms(of: alice) == [room.room])
        }
    }

    @Test func positionsOfAShardAreContiguousAndRowsCarryThem() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom()
            try await writers.create(room, members: [bob])
            _ = try await writers.send([TestRoom.message("hello", by: alice)], to: room)
            let rows = try await writers.database.query(
                "SELECT seq, kind, key FROM log WHERE shard = $1 ORDER BY seq", room.shard.number)
            #expect(try rows.map { try $0.int64("seq") } == Array(1...Int64(rows.count)))
            // create, alice's join, levels, rules, bob's join, the message; two joins have an entry of their own.
            #expect(try rows.map { try $0.int16("kind") } == [1, 1, 6, 1, 1, 1, 6, 1])
            #expect(try rows[2].text("key") == alice.rawValue)
            #expect(try rows[6].text("key") == bob.rawValue)
            let history = try await writers.database.query(
                "SELECT h.seq, e.seq AS event_seq FROM membership_history h JOIN event e USING (event_id) ORDER BY h.seq"
            )
            #expect(history.count == 2)
            for row in history { #expect(try row.int64("seq") == row.int64("event_seq")) }
        }
    }

    @Test func nulInStateKeyAndTypeIsStored() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            try await writers.create(room)
            let draft = TestRoom.state("test.\0type", "a\0b", ["value": 1], by: alice)
            let id = try #require(try await writers.send([draft], to: room).events().first)
            let found = try await RoomFacts(database: writers.database).state(
                [StateMapKey(type: "test.\0type", stateKey: "a\0b")], of: room.room, version: room.version)
            #expect(found.values.map(\.id) == [id])
        }
    }

    @Test func commandIsAllOrNothing() async throws {
        try await TestWriters.with { writers in
            let (alice, mallory) = (try user("alice"), try user("mallory"))
            let room = try TestRoom()
            try await writers.create(room)
            let reply = try await writers.send(
                [TestRoom.message("fine", by: alice), TestRoom.message("not fine", by: mallory)], to: room)
            #expect(reply.refusal?.status == 403)
            let rows = try await writers.database.query(
                "SELECT FROM event WHERE type = $1", Array("m.room.message".utf8))
            #expect(rows.isEmpty)
        }
    }

    @Test func whatTheRulesRefuseIsForbidden() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom(version: "11", rule: "invite", levels: ["events": ["m.room.name": 50]])
            try await writers.create(room)
            #expect(try await writers.send([TestRoom.member(bob, "join")], to: room).refusal?.errcode == "M_FORBIDDEN")
            _ = try await writers.send([TestRoom.member(bob, "invite", by: alice)], to: room).events()
            _ = try await writers.send([TestRoom.member(bob, "join")], to: room).events()
            let name = TestRoom.state("m.room.name", "", ["name": "mine"], by: bob)
            let refusal = try await writers.send([name], to: room).refusal
            #expect(refusal?.status == 403)
            #expect(refusal?.errcode == "M_FORBIDDEN")
            _ = try await writers.send([TestRoom.member(bob, "ban", by: alice)], to: room).events()
            #expect(try await writers.send([TestRoom.member(bob, "join")], to: room).refusal?.status == 403)
            #expect(try await writers.send([TestRoom.message("x", by: bob)], to: room).refusal?.status == 403)
        }
    }

    @Test func eventsAreRefusedForTheirSizeAndNumbers() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            try await writers.create(room)
            let long = String(repeating: "x", count: EventBuilder.eventBytesMax)
            #expect(
                try await writers.send([TestRoom.message(long, by: alice)], to: room).refusal?.errcode == "M_TOO_LARGE")
            let key = String(repeating: "k", count: 256)
            let state = TestRoom.state("test.state", key, JSONObject(), by: alice)
            #expect(try await writers.send([state], to: room).refusal?.errcode == "M_TOO_LARGE")
            let float = TestRoom.state("test.state", "", ["value": .double(0.5)], by: alice)
            #expect(try await writers.send([float], to: room).refusal?.errcode == "M_BAD_JSON")
        }
    }

    @Test func unchangedStateIsAnsweredWithTheEventInForce() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom()
            try await writers.create(room)
            var join = TestRoom.member(bob, "join")
            join.unlessUnchanged = true
            let first = try await writers.send([join], to: room).events()
            #expect(try await writers.send([join], to: room).events() == first)
            join.content["displayname"] = "Bob"
            #expect(try await writers.send([join], to: room).events() != first)
            var kick = TestRoom.member(bob, "leave", by: alice)
            kick.unlessUnchanged = true
            let left = try await writers.send([kick], to: room).events()
            #expect(try await writers.send([kick], to: room).events() == left)
        }
    }

    @Test func transactionIsStoredForTheSendersDevice() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            try await writers.create(room)
            var draft = TestRoom.message("hi", by: alice)
            draft.transaction = ClientTransaction(device: try #require(DeviceID("PHONE")), id: "txn\u{1}")
            let id = try #require(try await writers.send([draft], to: room).events().first)
            let stored = try await EventStore(database: writers.database).event(
                id, of: room.room, rules: room.version.rules)
            #expect(stored?.transaction?.device.rawValue == "PHONE")
            #expect(stored?.transaction?.id == "txn\u{1}")
        }
    }

    @Test func unknownRoomsAndSecondCreationsAreRefused() async throws {
        try await TestWriters.with { writers in
            let room = try TestRoom()
            #expect(try await writers.send([TestRoom.message("x", by: room.creator)], to: room).refusal?.status == 404)
            try await writers.create(room)
            let again = try await writers.execute(.createRoom(room.command), id: .random(), in: room.shard)
            #expect(again.refusal?.errcode == "M_ROOM_IN_USE")
            var broken = try TestRoom(version: "11").command
            broken.events.removeFirst()
            let reply = try await writers.execute(.createRoom(broken), of: broken.room)
            #expect(reply.refusal?.status == 403)
        }
    }
}
