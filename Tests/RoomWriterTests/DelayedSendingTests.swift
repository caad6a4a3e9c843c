import CanonicalJSON
import Identifiers
import Postgres
import Storage
import TestSupport
import Testing
import WorkerContracts

/// Delayed events are sent once, whatever becomes of the writers.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct DelayedSendingTests {
    /// Schedules a message and returns the command that sends it.
    @discardableResult
    private func schedule(
        _ text: String, in room: TestRoom, after delay: Duration, draft: [UInt8]? = nil, _ database: PostgresDatabase
    ) async throws -> CommandID {
        let command = CommandID.random()
        let draft = try draft ?? TestRoom.message(text, by: user("alice")).json.bytes()
        let event = DelayedEvent(
            id: "delay_\(text)", command: command.bytes, shard: room.shard, room: room.room, user: try user("alice"),
            type: "m.room.message", stateKey: nil, draft: draft, delay: delay)
        #expect(try await DelayedEventStore(database: database).insert(event) == .scheduled)
        return command
    }

    private func waitUntilOver(_ database: PostgresDatabase) async throws {
        let isOver = try await comesTrue(within: .seconds(30)) {
            try await database.query("SELECT FROM delayed_event WHERE phase < 2").isEmpty
        }
        try #require(isOver, "events wait still after 30 s")
    }

    private func texts(in room: TestRoom, _ database: PostgresDatabase) async throws -> [String] {
        let rows = try await database.query(
            "SELECT json FROM event WHERE room_id = $1 AND type = 'm.room.message' ORDER BY seq", room.room.rawValue)
        return try rows.compactMap { try JSONObject.parse(try $0.bytes("json"))["content"]?["body"]?.stringValue }
    }

    @Test func manyAreSentOnceWhileTheirShardsChangeHands() async throws {
        try await TestWriters.with(count: 2) { writers in
            let rooms = try (0..<8).map { _ in try TestRoom() }
            for room in rooms { try await writers.create(room) }
            for number in 0..<80 {
                try await schedule(
                    "\(number)", in: rooms[number % rooms.count], after: .milliseconds(number * 20), writers.database)
            }
            try await writers.writers[0].drain()
            try await waitUntilOver(writers.database)
            var all: [String] = []
            for room in rooms { all += try await texts(in: room, writers.database) }
            #expect(all.compactMap { Int($0) }.sorted() == Array(0..<80))
            let sent = try await writers.database.query("SELECT event_id FROM delayed_event WHERE phase = 2")
            #expect(Set(try sent.map { try $0.text("event_id") }).count == 80)
        }
    }

    @Test func whatADeadWriterSentButDidNotEndIsNotSentAgain() async throws {
        try await TestDatabase.with { test in
            let room = try TestRoom()
            try await TestWriters.with(on: test) { writers in
                try await writers.create(room)
                let command = try await schedule("once", in: room, after: .seconds(600), test.database)
                // As a writer that dies after the commit leaves it.
                let draft = try TestRoom.message("once", by: user("alice"))
                let sent = try await writers.send([draft], to: room, id: command).events()
                try await test.database.query("UPDATE delayed_event SET phase = 1, due_at = now()")
                try await waitUntilOver(test.database)
                let rows = try await test.database.query("SELECT event_id, phase FROM delayed_event")
                #expect(try rows.first?.text("event_id") == sent.first?.rawValue)
                #expect(try rows.first?.int16("phase") == 2)
                #expect(try await texts(in: room, test.database) == ["once"])
            }
        }
    }

    @Test func whatCannotBeReadIsRefusedAndHoldsNothingUp() async throws {
        try await TestWriters.with { writers in
            let room = try TestRoom()
            try await writers.create(room)
            try await schedule(
                "broken", in: room, after: .zero, draft: Array(#"{"type":7}"#.utf8), writers.database)
            try await schedule("whole", in: room, after: .zero, writers.database)
            try await waitUntilOver(writers.database)
            #expect(try await texts(in: room, writers.database) == ["whole"])
            let refused = try await writers.database.query("SELECT FROM delayed_event WHERE phase = 4")
            #expect(refused.count == 1)
        }
    }

    @Test func whatIsLongOverIsForgotten() async throws {
        try await TestDatabase.with { test in
            let room = try TestRoom()
            for text in ["old", "new", "waiting"] {
                try await schedule(text, in: room, after: .seconds(600), test.database)
            }
            try await test.database.query(
                """
                UPDATE delayed_event SET phase = 2, ended_at = now() - make_interval(secs => $1)
                 WHERE delay_id = 'delay_old'
                """, Double(DueEventStore.keptSeconds + 60))
            try await test.database.query(
                "UPDATE delayed_event SET phase = 2, ended_at = now() WHERE delay_id = 'delay_new'")
            try await DueEventStore(database: test.database).forget()
            let left = try await test.database.query("SELECT delay_id FROM delayed_event ORDER BY delay_id")
            #expect(try left.map { try $0.text("delay_id") } == ["delay_new", "delay_waiting"])
        }
    }

    @Test func aSenderWhoIsGoneIsNotBroughtBack() async throws {
        try await TestWriters.with { writers in
            let room = try TestRoom()
            let bob = try user("bob")
            try await writers.create(room, members: [bob])
            var draft = TestRoom.member(bob, "join")
            draft.needsMembership = true
            #expect(try await writers.send([draft], to: room).events().count == 1)
            _ = try await writers.send([TestRoom.member(bob, "leave")], to: room).events()
            #expect(try await writers.send([draft], to: room).refusal?.errcode == "M_FORBIDDEN")
        }
    }
}
