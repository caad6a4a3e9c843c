import CanonicalJSON
import Identifiers
import Postgres
import RoomRules
import RoomWriter
import Storage
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
}

extension TestWriters {
    func redact(_ event: EventID, by user: UserID, in room: TestRoom) async throws -> WriterReply {
        let draft = EventDraft(
            type: "m.room.redaction", stateKey: nil, sender: user, content: ["reason": "test"], redacts: event)
        return try await send([draft], to: room)
    }
}
