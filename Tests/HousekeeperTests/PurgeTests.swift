import CanonicalJSON
import Housekeeper
import Identifiers
import Postgres
import Storage
import TestSupport
import Testing
import WorkerContracts

@Suite struct PurgeTests {
    private let alice: UserID

    init() throws { alice = try #require(UserID("@alice:\(TestDatabase.serverName)")) }

    /// The texts and types of what is left of a room's events, in order.
    private func left(of room: StoredRoom, in database: any PostgresQuerying) async throws -> [String] {
        try await EventStore(database: database).page(
            of: room.room, after: .zero, upTo: ShardSequence(.max), direction: .forward, limit: 1_000,
            rules: room.version.rules
        ).map { $0.event.content["body"]?.stringValue ?? $0.event.type }
    }

    /// Goes through a room until nothing is left to do; events deleted.
    private func purge(_ room: RoomID, before: Timestamp, _ database: any PostgresQuerying) async throws -> Int {
        let purge = EventPurge(database: database)
        var (deleted, position) = (0, ShardSequence.zero)
        while true {
            let step = try await purge.step(of: room, before: before, after: position)
            #expect(step.purged <= EventPurge.eventsMax)
            deleted += step.purged
            guard let next = step.next else { return deleted }
            position = next
        }
    }

    @Test func oldMessagesGoAndWhatTheRoomStandsOnStays() async throws {
        try await TestDatabase.with { test in
            let room = try await StoredRoom.create(in: test.database, by: alice)
            try await room.send("m.room.message", by: alice, ["body": "old"])
            let topic = try await room.send("m.room.topic", stateKey: "", by: alice, ["topic": "secret"])
            try await room.redact(topic.id, by: alice, reason: "state")
            let liveRoot = try await room.send("m.room.message", by: alice, ["body": "live root"])
            let oldRoot = try await room.send("m.room.message", by: alice, ["body": "old root"])
            func reply(_ text: String, to root: EventID) async throws -> StoredRoom.Stored {
                try await room.send(
                    "m.room.message", by: alice,
                    [
                        "body": .string(text),
                        "m.relates_to": ["rel_type": "m.thread", "event_id": .string(root.rawValue)],
                    ])
            }
            _ = try await reply("old reply", to: oldRoot.id)
            let cut = try await room.send("m.room.message", by: alice, ["body": "kept"])
            _ = try await reply("new reply", to: liveRoot.id)

            #expect(try await purge(room.room, before: cut.event.originServerTS, test.database) == 3)
            let left = try await left(of: room, in: test.database)
            #expect(
                left == [
                    "m.room.create", "m.room.member", "m.room.topic", "m.room.redaction", "live root", "kept",
                    "new reply",
                ])
            let rows = try await test.database.query(
                """
                SELECT (SELECT count(*) FROM event_search WHERE room_id = $1) AS searched,
                       (SELECT count(*) FROM event_relation WHERE room_id = $1) AS relations,
                       (SELECT count(*) FROM thread WHERE room_id = $1) AS threads,
                       (SELECT count(*) FROM countable_event WHERE room_id = $1) AS ordinals
                """, room.room.rawValue)
            #expect(try rows[0].int64("searched") == 3)
            #expect(try rows[0].int64("relations") == 1)
            #expect(try rows[0].int64("threads") == 1)
            #expect(try rows[0].int64("ordinals") == 6, "counts are differences of them")
            #expect(try await purge(room.room, before: cut.event.originServerTS, test.database) == 0, "once is enough")
        }
    }

    @Test func theLatestEventStaysHoweverOldItIs() async throws {
        try await TestDatabase.with { test in
            let room = try await StoredRoom.create(in: test.database, by: alice)
            try await room.send("m.room.message", by: alice, ["body": "old"])
            let last = try await room.send("m.room.message", by: alice, ["body": "last"])
            try await test.database.query(
                "INSERT INTO forward_extremity (room_id, event_id) VALUES ($1, $2)", room.room.rawValue,
                last.id.rawValue)
            #expect(try await purge(room.room, before: Timestamp(milliseconds: .max), test.database) == 1)
            #expect(try await left(of: room, in: test.database).last == "last")
        }
    }

    @Test func aStepLooksAtAFewEventsOfOneRoom() async throws {
        try await TestDatabase.with { test in
            let room = try await StoredRoom.create(in: test.database, by: alice)
            let bob = try #require(UserID("@bob:\(TestDatabase.serverName)"))
            let other = try await StoredRoom.create(in: test.database, by: bob, shard: ShardID(4))
            try await room.fill(EventPurge.eventsMax + 1, by: alice)
            try await other.fill(3, by: bob)
            let all = Timestamp(milliseconds: .max)
            let first = try await EventPurge(database: test.database).step(
                of: room.room, before: all, after: .zero)
            #expect(first.purged == EventPurge.eventsMax - 2, "two of those looked at are state")
            #expect(first.next != nil)
            #expect(try await purge(room.room, before: all, test.database) == 3)
            #expect(try await left(of: other, in: test.database).count == 5)
        }
    }

    @Test func aRequestIsCarriedOutStepByStepAndItsProgressIsKnown() async throws {
        try await TestDatabase.with { test in
            let room = try await StoredRoom.create(in: test.database, by: alice)
            try await room.fill(EventPurge.eventsMax * 2, by: alice)
            let requests = PurgeRequestStore(database: test.database)
            let now = Timestamp(milliseconds: 9_000_000)
            let nowhere = try #require(RoomID("!nowhere:x"))
            #expect(try await requests.request(nowhere, before: now, at: now) == .unknownRoom)
            guard case .requested(let id) = try await requests.request(room.room, before: now, at: now) else {
                Issue.record("not requested")
                return
            }
            let job = PurgeJob(
                requests: requests, purge: EventPurge(database: test.database), clock: WallClock { now })
            #expect(try await job.step(from: nil) == .more(checkpoint: []))
            #expect(try await requests.progress(id)?.isFinished == false)
            // Another worker goes on.
            var steps = 1
            while try await job.step(from: nil) != .finished { steps += 1 }
            #expect(steps == 3)
            let progress = try #require(try await requests.progress(id))
            #expect(progress.isFinished)
            #expect(progress.purged == EventPurge.eventsMax * 2)
        }
    }

    @Test func requestsThatWaitAreBounded() async throws {
        try await TestDatabase.with { test in
            let room = try await StoredRoom.create(in: test.database, by: alice)
            try await test.database.query(
                """
                INSERT INTO purge_request (room_id, before_ms, requested_at_ms)
                SELECT $1, 0, 0 FROM generate_series(2, $2)
                """, room.room.rawValue, Int64(PurgeRequestStore.waitingMax))
            let requests = PurgeRequestStore(database: test.database)
            let now = Timestamp(milliseconds: 1)
            guard case .requested = try await requests.request(room.room, before: now, at: now) else {
                Issue.record("there is room for one more")
                return
            }
            #expect(try await requests.request(room.room, before: now, at: now) == .tooMany)
        }
    }
}
