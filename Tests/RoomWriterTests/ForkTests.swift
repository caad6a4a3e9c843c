import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules
import RoomWriter
import Storage
import TestSupport
import Testing
import WorkerContracts

/// Events that were made elsewhere: forks of history and of state, and what is not let in.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ForkTests {
    /// A room with alice above bob, who may set state.
    private func shared(_ writers: TestWriters, version: String = "12") async throws -> (TestRoom, [EventID]) {
        let bob = try user("bob")
        let levels: JSONObject = ["users": .object([bob.rawValue: 50])]
        var users = levels
        if version != "12" { users = ["users": .object([bob.rawValue: 50, "@alice:test.example": 100])] }
        let room = try TestRoom(version: version, levels: users)
        return (room, try await writers.create(room, members: [bob]))
    }

    private func topic(_ text: String, by sender: UserID) -> EventDraft {
        TestRoom.state("m.room.topic", "", ["topic": .string(text)], by: sender)
    }

    private func current(_ type: String, _ key: String = "", in room: TestRoom, _ writers: TestWriters) async throws
        -> EventID?
    {
        let key = StateMapKey(type: type, stateKey: key)
        let facts = RoomFacts(database: writers.database)
        return try await facts.state([key], of: room.room, version: room.version)[key]?.id
    }

    private func extremities(of room: TestRoom, _ writers: TestWriters) async throws -> Set<EventID> {
        let head = try #require(try await RoomHeadStore(database: writers.database).fetch(room.room))
        return Set(head.extremities.map(\.event))
    }

    @Test(arguments: ["1", "2", "11", "12"])
    func conflictingStateIsResolvedTheSameWhateverComesFirst(version: String) async throws {
        var winners: [String] = []
        for isReversed in [false, true] {
            try await TestWriters.with { writers in
                let (alice, bob) = (try user("alice"), try user("bob"))
                let (room, first) = try await shared(writers, version: version)
                var elsewhere = try await Elsewhere(room, writers: writers)
                let last = try #require(first.last)
                let events = [
                    try elsewhere.make(topic("early", by: alice), after: [last], auth: first, at: 1_800_000_000_000),
                    try elsewhere.make(topic("late", by: bob), after: [last], auth: first, at: 1_800_000_009_000),
                ]
                for event in isReversed ? events.reversed() : events {
                    #expect(try await writers.receive([event.json], in: room).events() == [event.id])
                }
                #expect(try await extremities(of: room, writers) == Set(events.map(\.id)))
                let winner = try await current("m.room.topic", in: room, writers)
                let event = try #require(events.first { $0.id == winner })
                winners.append(event.content["topic"]?.stringValue ?? "")
                try await writers.expectStateAgrees(in: room)
                let joined = try #require(
                    try await writers.send([TestRoom.message("joined", by: alice)], to: room).events().first)
                #expect(try await extremities(of: room, writers) == [joined])
                #expect(try await current("m.room.topic", in: room, writers) == winner)
            }
        }
        #expect(winners.count == 2)
        // In version 1 the deepest wins, then the hash of the ID, which differs between the two rooms.
        if version != "1" { #expect(winners == ["late", "late"]) }
    }

    @Test func resolutionThatTakesAwayStateHasAnEntryOfItsOwn() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let (room, first) = try await shared(writers)
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let byBob = try elsewhere.make(topic("of bob", by: bob), after: [last], auth: first)
            let ban = try elsewhere.make(TestRoom.member(bob, "ban", by: alice), after: [last], auth: first)
            _ = try await writers.receive([byBob.json], in: room).events()
            #expect(try await current("m.room.topic", in: room, writers) == byBob.id)
            let before = try await writers.head(of: room.shard)
            _ = try await writers.receive([ban.json], in: room).events()
            #expect(try await current("m.room.topic", in: room, writers) == nil)
            #expect(try await RoomFacts(database: writers.database).membership(of: bob, in: room.room) == "ban")
            let log = try await writers.database.query(
                "SELECT kind FROM log WHERE shard = $1 AND seq > $2 ORDER BY seq", room.shard.number, before)
            #expect(try log.map { try $0.int16("kind") } == [1, 2, 6])
            let changes = try await writers.database.query(
                "SELECT seq FROM state_change WHERE room_id = $1 AND seq > $2", room.room.rawValue, before)
            #expect(try changes.map { try $0.int64("seq") } == [before + 2, before + 2])
            try await writers.expectStateAgrees(in: room)
        }
    }

    @Test func eventAllowedThenButNotNowFailsSoftly() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let (room, first) = try await shared(writers)
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let late = try elsewhere.make(topic("of bob", by: bob), after: [last], auth: first)
            let ban = try await writers.send([TestRoom.member(bob, "ban", by: alice)], to: room).events()
            _ = try await writers.receive([late.json], in: room).events()
            let known = try await KnownEvents(database: writers.database).fetch(
                [late.id], of: room.room, rules: room.version.rules)
            #expect(known[late.id]?.isSoftFailed == true)
            #expect(known[late.id]?.isRejected == false)
            #expect(try await extremities(of: room, writers) == Set(ban))
            #expect(try await current("m.room.topic", in: room, writers) == nil)
        }
    }

    @Test func eventsThatTheRulesRefuseAreStoredAsRejected() async throws {
        try await TestWriters.with { writers in
            let (alice, mallory) = (try user("alice"), try user("mallory"))
            let (room, first) = try await shared(writers)
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let bad = try elsewhere.make(topic("bad", by: mallory), after: [last], auth: first)
            let after = try elsewhere.make(TestRoom.message("good", by: alice), after: [bad.id], auth: first)
            _ = try await writers.receive([bad.json, after.json], in: room).events()
            let known = try await KnownEvents(database: writers.database).fetch(
                [bad.id, after.id, last], of: room.room, rules: room.version.rules)
            #expect(known[bad.id]?.isRejected == true)
            #expect(known[after.id]?.isRejected == false)
            #expect(known[bad.id]?.stateAfter == known[last]?.stateAfter)
            #expect(try await extremities(of: room, writers) == [last, after.id])
            #expect(try await current("m.room.topic", in: room, writers) == nil)
        }
    }

    @Test func whatCannotBeCheckedIsNotTaken() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let (room, first) = try await shared(writers)
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let one = try elsewhere.make(TestRoom.message("one", by: alice), after: [last], auth: first)
            let two = try elsewhere.make(TestRoom.message("two", by: alice), after: [one.id], auth: first)
            #expect(try await writers.receive([two.json], in: room).refusal?.errcode == "M_NOT_FOUND")
            var forged = one.json
            forged["signatures"] = ["test.example": ["ed25519:1": "AAAA"]]
            #expect(try await writers.receive([forged], in: room).refusal?.errcode == "M_FORBIDDEN")
            var malformed = one.json
            malformed["depth"] = "deep"
            #expect(try await writers.receive([malformed], in: room).refusal?.errcode == "M_BAD_JSON")
            let other = try TestRoom()
            #expect(try await writers.receive([one.json], in: other).refusal?.status == 404)
            #expect(try await extremities(of: room, writers) == [last])

            let both = try await writers.receive([one.json, two.json], in: room).events()
            #expect(both == [one.id, two.id])
            let head = try await writers.head(of: room.shard)
            #expect(try await writers.receive([one.json, two.json], in: room).events() == both)
            #expect(try await writers.head(of: room.shard) == head)
        }
    }

    @Test func contentThatWasTakenOutIsStoredAsRedacted() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let (room, first) = try await shared(writers)
            var elsewhere = try await Elsewhere(room, writers: writers)
            let event = try elsewhere.make(
                TestRoom.message("secret", by: alice), after: [try #require(first.last)], auth: first)
            var changed = event.json
            changed["content"] = ["body": "something else"]
            #expect(try await writers.receive([changed], in: room).events() == [event.id])
            let known = try await KnownEvents(database: writers.database).fetch(
                [event.id], of: room.room, rules: room.version.rules)
            #expect(known[event.id]?.event.content.isEmpty == true)
        }
    }

    @Test(arguments: ["6", "12"])
    func roomMadeElsewhereIsTakenWhole(version: String) async throws {
        var pdus: [JSONObject] = []
        let source = try TestRoom(version: version)
        try await TestWriters.with { writers in
            try await writers.create(source, members: [try user("bob")])
            let rows = try await writers.database.query("SELECT json FROM event ORDER BY seq LIMIT 100")
            pdus = try rows.map { try JSONObject.parse(try $0.bytes("json")) }
        }
        try await TestWriters.with { writers in
            let ids = try await writers.receive(pdus, in: source).events()
            #expect(ids.count == 5)
            #expect(try await extremities(of: source, writers) == [try #require(ids.last)])
            #expect(try await RoomFacts(database: writers.database).joinedRooms(of: try user("bob")) == [source.room])
            try await writers.expectStateAgrees(in: source)
            _ = try await writers.send([TestRoom.message("here", by: try user("bob"))], to: source).events()
        }
    }

    @Test func moreExtremitiesThanAnEventMayNameAreJoinedBitByBit() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let (room, first) = try await shared(writers)
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            var forks: [Event] = []
            for number in 0..<45 {
                let sender = number.isMultiple(of: 2) ? alice : bob
                forks.append(try elsewhere.make(topic("\(number)", by: sender), after: [last], auth: first))
            }
            _ = try await writers.receive(forks.map(\.json), in: room).events()
            #expect(try await extremities(of: room, writers).count == 45)
            try await writers.expectStateAgrees(in: room)
            for left in [26, 7, 1] {
                let sent = try await writers.send([TestRoom.message("join", by: alice)], to: room).events()
                let now = try await extremities(of: room, writers)
                #expect(now.count == left)
                #expect(now.contains(try #require(sent.first)))
            }
            #expect(try await current("m.room.topic", in: room, writers) == forks.last?.id)
            try await writers.expectStateAgrees(in: room)
        }
    }

    @Test func forkedRoomIsLoadedAsItWas() async throws {
        try await TestWriters.with(roomBytesMax: 1) { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let (room, first) = try await shared(writers)
            let other = try TestRoom()
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let left = try elsewhere.make(topic("left", by: alice), after: [last], auth: first)
            let right = try elsewhere.make(topic("right", by: bob), after: [last], auth: first)
            let onLeft = try elsewhere.make(TestRoom.message("x", by: bob), after: [left.id], auth: first)
            for event in [left, right, onLeft] {
                _ = try await writers.receive([event.json], in: room).events()
                // Another room takes the memory.
                if event.id == left.id { try await writers.create(other) }
                _ = try await writers.send([TestRoom.message("y", by: alice)], to: other).events()
                try #require(try await comesTrue(within: .seconds(20)) { writers.writers[0].core.roomsInMemory <= 1 })
            }
            #expect(try await extremities(of: room, writers) == [right.id, onLeft.id])
            #expect(try await current("m.room.topic", in: room, writers) == right.id)
            try await writers.expectStateAgrees(in: room)
        }
    }
}
