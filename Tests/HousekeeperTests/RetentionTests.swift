import CanonicalJSON
import Housekeeper
import Identifiers
import Postgres
import RoomRules
import Storage
import TestSupport
import Testing
import WorkerContracts

@Suite struct RetentionTests {
    private static let day = Duration.seconds(86_400)

    static let wishes: [(policy: RetentionPolicy, wanted: Duration?, kept: Duration?)] = [
        (RetentionPolicy(isEnabled: false, defaultLifetime: day), day, nil),
        (RetentionPolicy(isEnabled: true), nil, nil),
        (RetentionPolicy(isEnabled: true), day, day),
        (RetentionPolicy(isEnabled: true, defaultLifetime: day * 3), nil, day * 3),
        (RetentionPolicy(isEnabled: true, defaultLifetime: day * 3), day, day),
        (RetentionPolicy(isEnabled: true, lifetimeMin: day * 2), day, day * 2),
        (RetentionPolicy(isEnabled: true, lifetimeMax: day * 7), day * 30, day * 7),
        (RetentionPolicy(isEnabled: true, lifetimeMax: day * 7), nil, nil),
    ]

    @Test(arguments: wishes)
    func roomsWishWithinWhatTheOperatorAllows(policy: RetentionPolicy, wanted: Duration?, kept: Duration?) {
        #expect(policy.lifetime(wanted: wanted) == kept)
    }

    private func messages(_ room: StoredRoom, _ database: any PostgresQuerying) async throws -> Int64 {
        try await database.query(
            "SELECT count(*) AS n FROM event WHERE room_id = $1 AND state_key IS NULL", room.room.rawValue
        )[0].int64("n")
    }

    @Test func eachRoomKeepsWhatItSays() async throws {
        try await TestDatabase.with { test in
            let alice = try #require(UserID("@alice:\(TestDatabase.serverName)"))
            // Of a version whose room IDs are random: these rooms have the same create event.
            let version = try #require(RoomVersion("11"))
            func room(on shard: Int16) async throws -> StoredRoom {
                try await StoredRoom.create(in: test.database, by: alice, version: version, shard: ShardID(shard))
            }
            let (quiet, short, odd) = (try await room(on: 1), try await room(on: 2), try await room(on: 3))
            try await short.send("m.room.retention", stateKey: "", by: alice, ["max_lifetime": 60_000])
            try await odd.send("m.room.retention", stateKey: "", by: alice, ["max_lifetime": "soon"])
            for room in [quiet, short, odd] { try await room.fill(3, by: alice) }

            let job = RetentionJob(
                policy: RetentionPolicy(isEnabled: true), rooms: RetentionStore(database: test.database),
                purge: EventPurge(database: test.database), clock: WallClock { Timestamp(milliseconds: 100_000) })
            var checkpoint: [UInt8]?
            var steps = 0
            while case .more(let next) = try await job.step(from: checkpoint) {
                checkpoint = next
                steps += 1
            }
            #expect(steps == 3, "a room a step")
            #expect(try await messages(quiet, test.database) == 3)
            #expect(try await messages(short, test.database) == 0)
            #expect(try await messages(odd, test.database) == 3)
        }
    }

    @Test func aLongRoomIsGoneThroughInSteps() async throws {
        try await TestDatabase.with { test in
            let alice = try #require(UserID("@alice:\(TestDatabase.serverName)"))
            let room = try await StoredRoom.create(in: test.database, by: alice)
            try await room.fill(EventPurge.eventsMax + 10, by: alice)
            let job = RetentionJob(
                policy: RetentionPolicy(isEnabled: true, defaultLifetime: .seconds(1)),
                rooms: RetentionStore(database: test.database), purge: EventPurge(database: test.database),
                clock: WallClock { Timestamp(milliseconds: 100_000_000) })
            guard case .more(let half) = try await job.step(from: nil) else {
                Issue.record("one step is not enough")
                return
            }
            #expect(try await messages(room, test.database) == 12)
            guard case .more(let end) = try await job.step(from: half) else {
                Issue.record("the room is not done")
                return
            }
            #expect(try await messages(room, test.database) == 0)
            #expect(try await job.step(from: end) == .finished)
        }
    }
}
