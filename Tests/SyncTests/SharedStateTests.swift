import CanonicalJSON
import Events
import Identifiers
import NIOCore
import Postgres
import RoomReading
import Storage
import Sync
import Testing
import WorkerContracts

/// A herd on one room's full state.
@Suite(.timeLimit(.minutes(15)))
struct SharedStateTests {
    private func herd(_ world: SyncWorld, count: Int) async throws -> Int {
        let alice = try await world.person("alice")
        let room = try await world.room(by: alice)
        for number in 0..<20 {
            try await world.setMembership("join", of: try await world.person("member\(number)"), in: room)
        }
        let since = try await world.sync(alice).next
        try await world.settle()
        let parts = try world.worker.parts
        let before = parts.stateBuilds
        let answers = try await withThrowingTaskGroup(of: SyncedBody.self) { group in
            for _ in 0..<count {
                group.addTask { SyncedBody(body: try await world.ask(alice, since: since, "full_state=true").body) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for answer in answers { #expect(answer.joined(room)?.stateKeys().count == 24) }
        return parts.stateBuilds - before
    }

    @Test func stateIsBuiltOnceForAllWhoAsk() async throws {
        try await SyncWorld.with { world in
            let builds = try await herd(world, count: 30)
            #expect(builds <= 1)
        }
    }

    @Test func withoutSharingEachBuildsTheirOwn() async throws {
        var options = SyncWorld.Options()
        options.isStateSharingOn = false
        try await SyncWorld.with(options) { world in
            let builds = try await herd(world, count: 30)
            #expect(builds == 30)
        }
    }

    @Test func stateChangesAndRedactionsShowInWhatIsShared() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            let topic = try await world.append(SyncWorld.state("m.room.topic", ["topic": "bad"], by: alice), to: room)
            try await world.say("end", by: alice, in: room)
            let filter: JSONObject = ["room": ["timeline": ["limit": 1]]]
            func topicOf(_ synced: SyncedBody) -> JSONValue? {
                synced.joined(room)?.events("state").first { $0["type"] == "m.room.topic" }
            }
            #expect(topicOf(try await world.sync(alice, filter: filter))?["content"]?["topic"] == "bad")
            // The root stays the same: only what the event looks like changes.
            try await world.redact(topic, by: alice, in: room)
            let redacted = topicOf(try await world.sync(alice, filter: filter))
            #expect(redacted?["content"] == [:])
            #expect(redacted?["unsigned"]?["redacted_because"]?["type"] == "m.room.redaction")
            try await world.append(SyncWorld.state("m.room.topic", ["topic": "good"], by: alice), to: room)
            try await world.say("end", by: alice, in: room)
            #expect(topicOf(try await world.sync(alice, filter: filter))?["content"]?["topic"] == "good")
        }
    }

    // MARK: Fragments

    private func tree(_ count: Int) throws -> StateTree {
        StateTree(
            try (0..<count).map {
                (
                    StateMapKey(type: "m.room.member", stateKey: "@member\($0):test.example"),
                    try #require(EventID("$\($0)"))
                )
            })
    }

    @Test func changeTouchesOneFragmentOfALargeState() throws {
        let before = try tree(5_000)
        var after = before
        after[StateMapKey(type: "m.room.member", stateKey: "@member77:test.example")] = EventID("$new")
        let old = StateFragmentPlan.plans(for: before, selection: .all, redacted: [])
        let new = StateFragmentPlan.plans(for: after, selection: .all, redacted: [])
        #expect(new.reduce(0) { $0 + $1.events.count } == 5_000)
        #expect(new.count < 200)
        let changed = Set(new.map(\.key)).subtracting(old.map(\.key))
        #expect(changed.count <= 2)
        #expect(new.filter { changed.contains($0.key) }.reduce(0) { $0 + $1.events.count } <= 300)
        #expect(new.allSatisfy { $0.events.count <= StateFragmentPlan.entriesMax })
    }

    @Test func redactionTouchesOneFragment() throws {
        let state = try tree(5_000)
        let id = try #require(EventID("$77"))
        let old = StateFragmentPlan.plans(for: state, selection: .all, redacted: [])
        let new = StateFragmentPlan.plans(for: state, selection: .all, redacted: [id, try #require(EventID("$gone"))])
        let changed = Set(new.map(\.key)).subtracting(old.map(\.key))
        #expect(changed.count == 1)
        #expect(StateFragmentPlan.plans(for: state, selection: .withoutMembers, redacted: []).isEmpty)
    }

    @Test func fragmentsBeyondTheBytesAreDropped() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let database = world.database
            let events = EventStore(database: database)
            let deltas = StateDeltaStore(database: database)
            let states = SharedStateJSON(
                roots: StateRoots(store: StateRootStore(database: database)), events: events, bytesMax: 6_000)
            let large: JSONObject = ["topic": .string(String(repeating: "x", count: 2_000))]
            var first: [ByteBuffer] = []
            for number in 0..<10 {
                let room = try await world.room(
                    by: alice, extra: [SyncWorld.state("m.room.topic", large, by: alice)])
                let last = ShardSequence(.max)
                let root = try #require(try await deltas.roots(of: [(room, last, last)])[room]?.last)
                let pieces = try await states.pieces(at: root, of: room, rules: SyncWorld.roomVersion.rules, .all)
                #expect(pieces.reduce(0) { $0 + $1.readableBytes } > 2_000)
                #expect(states.liveBytes <= 6_000 + 3_500)
                if number == 0 { first = pieces }
            }
            #expect(states.builds == 10)
            #expect(first.allSatisfy { $0.getInteger(at: $0.readerIndex, as: UInt8.self) == UInt8(ascii: ",") })
        }
    }
}
