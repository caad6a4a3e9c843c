import CanonicalJSON
import Events
import Identifiers
import Leases
import Postgres
import RoomWriter
import Storage
import TestSupport
import Testing
import WorkerContracts

/// Shards that go from one writer to another, and rooms that are loaded again.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct HandOverTests {
    @Test func drainingUnderLoadFailsNoCommandAndKeepsOneOrder() async throws {
        try await TestWriters.with(count: 2) { writers in
            let alice = try user("alice")
            let owned = try await #require(writers.writers[0].leases.shards.first)
            let rooms = try (0..<4).map { number in
                while true {
                    let room = try TestRoom()
                    if number >= 2 || room.shard == owned { return room }
                }
            }
            for room in rooms { try await writers.create(room) }
            let longest = try await withThrowingTaskGroup(of: Duration.self) { group in
                for sender in 0..<16 {
                    group.addTask {
                        var longest = Duration.zero
                        for number in 0..<60 {
                            let began = ContinuousClock.now
                            let draft = TestRoom.message("\(sender) \(number)", by: alice)
                            let reply = try await writers.send([draft], to: rooms[sender % rooms.count])
                            #expect(try reply.events().count == 1)
                            longest = max(longest, .now - began)
                        }
                        return longest
                    }
                }
                group.addTask {
                    try await writers.writers[0].drain()
                    return .zero
                }
                return try await group.reduce(.zero) { max($0, $1) }
            }
            print("longest send during the hand-over: \(longest)")
            #expect(await writers.writers[0].leases.shards.isEmpty)
            #expect(writers.writers[1].core.shardCount == TestDatabase.shardCount)
            for room in rooms {
                let messages = try await writers.messages(in: room)
                #expect(messages.count == 240)
                for (before, after) in zip(messages, messages.dropFirst()) { #expect(after.prev == [before.id]) }
            }
        }
    }

    @Test func loadedRoomIsWhatItWas() async throws {
        try await TestDatabase.with { test in
            let alice = try user("alice")
            let room = try TestRoom()
            var last: EventID?
            try await TestWriters.with(on: test) { writers in
                try await writers.create(room)
                for number in 0..<6 {
                    // Enough state for snapshots and chains, keys that change and keys that stay.
                    let drafts = (0..<40).map { index in
                        TestRoom.state(
                            "test.state", "\((number * 40 + index) % 97)", ["value": .int(Int64(number))], by: alice)
                    }
                    last = try await writers.send(drafts, to: room).events().last
                }
                try await writers.expectStateAgrees(in: room)
            }
            try await TestWriters.with(on: test) { writers in
                let id = try #require(
                    try await writers.send([TestRoom.message("on", by: alice)], to: room).events().first)
                #expect(try await writers.messages(in: room).first?.prev == [try #require(last).rawValue])
                let store = KnownEvents(database: writers.database)
                let events = try await store.fetch(
                    [id, try #require(last)], of: room.room, rules: room.version.rules)
                #expect(events[id]?.stateAfter == events[try #require(last)]?.stateAfter)
                _ = try await writers.send(
                    [TestRoom.state("test.state", "after", ["value": 1], by: alice)], to: room
                ).events()
                try await writers.expectStateAgrees(in: room)
            }
        }
    }

    @Test func roomsOverTheBudgetAreLetGoAndLoadedAgain() async throws {
        try await TestWriters.with(roomBytesMax: 20_000) { writers in
            let alice = try user("alice")
            var rooms: [TestRoom] = []
            for _ in 0..<12 { rooms.append(try TestRoom()) }
            for room in rooms { try await writers.create(room) }
            for round in 0..<3 {
                for room in rooms {
                    _ = try await writers.send([TestRoom.message("\(round)", by: alice)], to: room).events()
                }
            }
            for room in rooms {
                let messages = try await writers.messages(in: room)
                #expect(messages.map(\.body) == ["0", "1", "2"])
                for (before, after) in zip(messages, messages.dropFirst()) { #expect(after.prev == [before.id]) }
            }
            // What is in use stays: three rooms at most fit in.
            try #require(try await comesTrue(within: .seconds(20)) { writers.writers[0].core.roomsInMemory <= 4 })
        }
    }
}

extension TestWriters {
    /// Checks that the room's stored roots, its current state and its changes tell the same.
    func expectStateAgrees(in room: TestRoom) async throws {
        let head = try #require(try await RoomHeadStore(database: database).fetch(room.room))
        let tree = try await tree(of: try #require(head.currentRoot))
        let rows = try await database.query(
            "SELECT type, state_key, event_id FROM current_state WHERE room_id = $1 LIMIT 10000", room.room.rawValue)
        var current: [StateMapKey: EventID] = [:]
        for row in rows {
            let key = StateMapKey(
                type: String(decoding: try row.bytes("type"), as: UTF8.self),
                stateKey: String(decoding: try row.bytes("state_key"), as: UTF8.self))
            current[key] = EventID(try row.text("event_id"))
        }
        #expect(tree.dictionary == current)
        let changes = try await database.query(
            "SELECT type, state_key, event_id, root_id FROM state_change WHERE room_id = $1 ORDER BY seq LIMIT 10000",
            room.room.rawValue)
        var replayed: [StateMapKey: EventID] = [:]
        for row in changes {
            let key = StateMapKey(
                type: String(decoding: try row.bytes("type"), as: UTF8.self),
                stateKey: String(decoding: try row.bytes("state_key"), as: UTF8.self))
            replayed[key] = try row.optionalText("event_id").flatMap { EventID($0) }
        }
        #expect(replayed == current)
        let memberships = try await database.query(
            "SELECT event_id FROM current_membership WHERE room_id = $1 LIMIT 10000", room.room.rawValue)
        let members = current.filter { $0.key.isType("m.room.member") }.map(\.value.rawValue)
        #expect(Set(try memberships.map { try $0.text("event_id") }) == Set(members))
    }

    func tree(of root: StateRootID) async throws -> StateTree {
        let chain = try #require(try await StateRootStore(database: database).chain(of: root, known: []))
        return try StateRootEncoding.tree(
            snapshot: try #require(chain.entries.first), deltas: Array(chain.entries.dropFirst()))
    }
}
