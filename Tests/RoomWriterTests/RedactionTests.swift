import CanonicalJSON
import Identifiers
import Postgres
import RoomRules
import RoomWriter
import Storage
import TestSupport
import Testing
import WorkerContracts

/// Who may redact what, and what a redaction marks.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct RedactionTests {
    @Test(arguments: ["1", "6", "11", "12"])
    func ownEventsAndThoseBelowAreRedacted(version: String) async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom(version: version)
            try await writers.create(room, members: [bob])
            let events = try await writers.send(
                [
                    TestRoom.message("of alice", by: alice), TestRoom.message("of bob", by: bob),
                    TestRoom.message("another of bob", by: bob),
                ], to: room
            ).events()
            #expect(try await writers.redact(events[0], by: bob, in: room).refusal?.status == 403)
            let own = try #require(try await writers.redact(events[1], by: bob, in: room).events().first)
            let byLevel = try #require(try await writers.redact(events[2], by: alice, in: room).events().first)
            _ = try await writers.redact(events[2], by: bob, in: room).events()
            let stored = try await EventStore(database: writers.database).events(
                events, of: room.room, rules: room.version.rules)
            #expect(stored[events[0]]?.redactedBy == nil)
            #expect(stored[events[1]]?.redactedBy == own)
            // The first redaction stays in force.
            #expect(stored[events[2]]?.redactedBy == byLevel)
            #expect(stored[events[2]]?.event.content.isEmpty == true)
        }
    }

    @Test func eventsOfOtherRoomsAndCreateEventsAreNot() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            let other = try writers.neighbour(of: room)
            let events = try await writers.create(room)
            let foreign = try await writers.create(other)
            #expect(try await writers.redact(foreign[1], by: alice, in: room).refusal?.status == 404)
            #expect(try await writers.redact(events[0], by: alice, in: room).refusal?.status == 403)
            _ = try await writers.redact(events[3], by: alice, in: room).events()
        }
    }

    @Test func redactedProfileIsNotTakenForUnchanged() async throws {
        try await TestWriters.with { writers in
            let bob = try user("bob")
            let room = try TestRoom()
            try await writers.create(room)
            var join = TestRoom.member(bob, "join")
            join.content["displayname"] = "Bob"
            join.unlessUnchanged = true
            let first = try #require(try await writers.send([join], to: room).events().first)
            _ = try await writers.redact(first, by: bob, in: room).events()
            #expect(try await writers.send([join], to: room).events() != [first])
        }
    }

    /// A redaction made elsewhere may overtake what it redacts.
    @Test(arguments: ["1", "6", "11", "12"], RedactionTests.Arrival.allCases)
    func redactionThatCameBeforeItsTargetTakesEffectWithIt(version: String, arrival: Arrival) async throws {
        try await TestWriters.with(roomBytesMax: arrival == .afterTheRoomWasForgotten ? 1 : RoomBudget.bytesMaxDefault)
        { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom(version: version)
            let first = try await writers.create(room, members: [bob])
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let target = try elsewhere.make(TestRoom.message("secret", by: bob), after: [last], auth: first)
            let redactions = try (0..<2).map { _ in
                try elsewhere.make(Self.redaction(of: target.id, by: alice), after: [last], auth: first)
            }
            switch arrival {
            case .together:
                _ = try await writers.receive((redactions + [target]).map(\.json), in: room).events()
            case .atOnce:
                // The redaction is not committed yet when its target comes.
                async let before = writers.receive(redactions.map(\.json), in: room)
                async let after = writers.receive([target.json], in: room)
                for reply in try await [before, after] { _ = try reply.events() }
            case .later, .afterTheRoomWasForgotten:
                _ = try await writers.receive(redactions.map(\.json), in: room).events()
                if arrival == .afterTheRoomWasForgotten {
                    try await writers.create(try TestRoom())
                    try #require(try await comesTrue { writers.writers[0].core.roomsInMemory <= 1 })
                }
                _ = try await writers.receive([target.json], in: room).events()
            }
            let stored = try await EventStore(database: writers.database).events(
                [target.id], of: room.room, rules: room.version.rules)
            #expect(stored[target.id]?.redactedBy == redactions[0].id)
            #expect(stored[target.id]?.event.content.isEmpty == true)
            #expect(try await writers.awaited().isEmpty)
            // The writer itself has it redacted, too.
            _ = try await writers.redact(target.id, by: alice, in: room).events()
            let again = try await EventStore(database: writers.database).events(
                [target.id], of: room.room, rules: room.version.rules)
            #expect(again[target.id]?.redactedBy == redactions[0].id)
        }
    }

    enum Arrival: CaseIterable { case together, atOnce, later, afterTheRoomWasForgotten }

    @Test func redactedStateThatCameAfterItsRedactionIsInForceWithoutItsContent() async throws {
        try await TestWriters.with { writers in
            let bob = try user("bob")
            let room = try TestRoom()
            let first = try await writers.create(room, members: [bob])
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            var draft = TestRoom.member(bob, "join")
            draft.content["displayname"] = "Bob"
            let target = try elsewhere.make(draft, after: [last], auth: first)
            let redaction = try elsewhere.make(Self.redaction(of: target.id, by: bob), after: [last], auth: first)
            _ = try await writers.receive([redaction.json], in: room).events()
            _ = try await writers.receive([target.json], in: room).events()
            let rows = try await writers.database.query(
                "SELECT event_id FROM current_membership WHERE user_id = $1 AND display_name IS NULL", bob.rawValue)
            #expect(try rows.map { try $0.text("event_id") } == [target.id.rawValue])
            try await writers.expectStateAgrees(in: room)
        }
    }

    /// Others' events are redacted by whoever has the level for it; one's server's own by anybody of that server.
    @Test func redactionWithoutTheRightToItWaitsInVain() async throws {
        try await TestWriters.with { writers in
            let bob = try user("bob")
            let room = try TestRoom()
            let first = try await writers.create(room, members: [bob])
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let carol = try #require(UserID("@carol:elsewhere.example"))
            let join = try elsewhere.make(TestRoom.member(carol, "join"), after: [last], auth: first)
            _ = try await writers.receive([join.json], in: room).events()
            let auth = first + [join.id]
            let ofBob = try elsewhere.make(TestRoom.message("of bob", by: bob), after: [join.id], auth: auth)
            let ofCarol = try elsewhere.make(TestRoom.message("of carol", by: carol), after: [join.id], auth: auth)
            let redactions = try [ofBob, ofCarol].map {
                try elsewhere.make(Self.redaction(of: $0.id, by: carol), after: [join.id], auth: auth)
            }
            _ = try await writers.receive(redactions.map(\.json), in: room).events()
            let byOwner = try elsewhere.make(
                Self.redaction(of: ofBob.id, by: room.creator), after: [join.id], auth: auth)
            _ = try await writers.receive([ofCarol.json], in: room).events()
            let store = EventStore(database: writers.database)
            func redactedBy(_ event: EventID) async throws -> EventID? {
                try await store.events([event], of: room.room, rules: room.version.rules)[event]?.redactedBy
            }
            #expect(try await redactedBy(ofCarol.id) == redactions[1].id)
            // One that does not count is no obstacle to another that does.
            _ = try await writers.receive([byOwner.json], in: room).events()
            #expect(try await writers.awaited().count == 2)
            _ = try await writers.receive([ofBob.json], in: room).events()
            #expect(try await redactedBy(ofBob.id) == byOwner.id)
            #expect(try await writers.awaited().isEmpty)
        }
    }

    @Test func redactionThatIsNotInForceDoesNotWait() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom(version: "6")
            let first = try await writers.create(room, members: [bob])
            var elsewhere = try await Elsewhere(room, writers: writers)
            let last = try #require(first.last)
            let target = try elsewhere.make(TestRoom.message("kept", by: alice), after: [last], auth: first)
            let redaction = try elsewhere.make(Self.redaction(of: target.id, by: bob), after: [last], auth: first)
            let ban = try await writers.send([TestRoom.member(bob, "ban", by: alice)], to: room).events()
            #expect(ban.count == 1)
            _ = try await writers.receive([redaction.json, target.json], in: room).events()
            let stored = try await EventStore(database: writers.database).events(
                [target.id], of: room.room, rules: room.version.rules)
            #expect(stored[target.id]?.event.content["body"] == "kept")
            #expect(try await writers.awaited().isEmpty)
        }
    }

    private static func redaction(of event: EventID, by user: UserID) -> EventDraft {
        EventDraft(
            type: "m.room.redaction", stateKey: nil, sender: user, content: ["reason": "test"], redacts: event)
    }
}

extension TestWriters {
    /// Targets that redactions wait for.
    func awaited() async throws -> [String] {
        try await database.query("SELECT target FROM awaited_redaction").map { try $0.text("target") }
    }

    func redact(_ event: EventID, by user: UserID, in room: TestRoom) async throws -> WriterReply {
        let draft = EventDraft(
            type: "m.room.redaction", stateKey: nil, sender: user, content: ["reason": "test"], redacts: event)
        return try await send([draft], to: room)
    }
}
