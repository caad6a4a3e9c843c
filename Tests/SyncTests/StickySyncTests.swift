import CanonicalJSON
import Identifiers
import Postgres
import Testing
import WorkerContracts

/// Events that stick are told to everybody in the room, however far back they are (MSC4354).
@Suite(.timeLimit(.minutes(15)))
struct StickySyncTests {
    private static let name = "org.matrix.msc4354.sticky_events"

    @discardableResult
    private func stick(
        _ text: String, by person: SyncWorld.Person, in room: RoomID, _ world: SyncWorld,
        for duration: Duration = .seconds(600)
    ) async throws -> EventID {
        try await world.append(
            EventDraft(
                type: "m.sticky", stateKey: nil, sender: person.id, content: ["body": .string(text)],
                stickyDuration: duration), to: room)
    }

    private func fill(_ room: RoomID, by person: SyncWorld.Person, _ world: SyncWorld) async throws {
        for number in 0..<12 { try await world.say("\(number)", by: person, in: room) }
    }

    private func stuck(_ room: JSONObject?) -> [String] {
        (room?.events("msc4354_sticky") ?? []).compactMap { $0["content"]?["body"]?.stringValue }
    }

    @Test(arguments: LogMode.allCases) func whatATimelineLeavesOutIsToldBeside(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let since = try await world.sync(bob).next
            try await stick("far", by: alice, in: room, world)
            try await fill(room, by: alice, world)
            try await stick("near", by: alice, in: room, world)
            let synced = try await world.sync(bob, since: since)
            let joined = try #require(synced.joined(room))
            #expect(joined.isLimited && joined.timeline.last == "near")
            #expect(stuck(joined) == ["far"])
            let event = try #require(joined.events("msc4354_sticky").first)
            #expect(event["msc4354_sticky"] == ["duration_ms": 600_000])
            let left = try #require(event["unsigned"]?["msc4354_sticky_duration_ttl_ms"]?.intValue)
            #expect((1...600_000).contains(left))
            let shown = try #require(joined.events("timeline").last)
            #expect(shown["unsigned"]?["msc4354_sticky_duration_ttl_ms"]?.intValue ?? 0 > 0)
            #expect(try await world.sync(bob, since: synced.next).isEmpty)
            // Who begins anew is told of everything that sticks, once.
            let fresh = try await world.sync(bob)
            #expect(stuck(fresh.joined(room)) == ["far"])
            #expect(fresh.joined(room)?.timeline.last == "near")
        }
    }

    @Test(arguments: LogMode.allCases) func aFilterDoesNotKeepItAway(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let filter: JSONObject = ["room": ["timeline": ["types": ["m.other"]]]]
            let since = try await world.sync(bob, filter: filter).next
            try await stick("kept", by: alice, in: room, world)
            let synced = try await world.sync(bob, since: since, filter: filter)
            #expect(synced.joined(room)?.timeline == [])
            #expect(stuck(synced.joined(room)) == ["kept"])
        }
    }

    @Test func whoComesInIsToldAndWhoIsIgnoredIsNotHeard() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let cleo = try await world.person("cleo")
            let room = try await world.room(by: alice, members: [bob], visibility: "joined")
            try await stick("by alice", by: alice, in: room, world)
            try await stick("by bob", by: bob, in: room, world)
            let since = try await world.sync(cleo).next
            let ignored: JSONObject = [bob.id.rawValue: [:]]
            try await world.setAccountData("m.ignored_user_list", ["ignored_users": .object(ignored)], of: cleo)
            try await world.setMembership("join", of: cleo, in: room)
            let joined = try #require(try await world.sync(cleo, since: since).joined(room))
            // She may not see what was said before she came; this she is to know all the same.
            #expect(!joined.timeline.contains("by alice"))
            #expect(stuck(joined) == ["by alice"])
        }
    }

    @Test func whatIsOverOrRedactedDoesNotStick() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            try await stick("over", by: alice, in: room, world)
            try await world.database.query("UPDATE sticky_event SET expires_at_ms = 1")
            try await stick("at once", by: alice, in: room, world, for: .zero)
            let redacted = try await stick("redacted", by: alice, in: room, world)
            try await stick("still", by: alice, in: room, world)
            try await world.redact(redacted, by: alice, in: room)
            try await fill(room, by: alice, world)
            #expect(stuck(try await world.sync(alice).joined(room)) == ["still"])
        }
    }

    private func request(_ since: String? = nil, limit: Int64 = 100) -> JSONObject {
        var sticky: JSONObject = ["enabled": true, "limit": .int(limit)]
        sticky["since"] = since.map(JSONValue.string)
        return [
            "lists": ["all": ["ranges": [[0, 0]], "timeline_limit": 1, "required_state": []]],
            "extensions": [Self.name: .object(sticky)],
        ]
    }

    private func told(_ slid: Slid) -> [String] {
        let rooms = slid.body["extensions"]?[Self.name]?["rooms"]?.objectValue?.members ?? []
        return rooms.flatMap { $0.value["events"]?.arrayValue ?? [] }
            .compactMap { $0["content"]?["body"]?.stringValue }.sorted()
    }

    private func next(_ slid: Slid) -> String? {
        slid.body["extensions"]?[Self.name]?["next_batch"]?.stringValue
    }

    @Test(arguments: LogMode.allCases) func slidingSyncGivesThemOutSomeAtATimeAndMissesNone(mode: LogMode) async throws
    {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            var expected: [String] = []
            for number in 0..<3 {
                let room = try await world.room(by: alice, members: [bob])
                for part in ["a", "b", "c"] {
                    try await stick("\(number)\(part)", by: alice, in: room, world)
                    expected.append("\(number)\(part)")
                }
                try await world.say("top", by: alice, in: room)
            }
            var (pos, since): (String?, String?) = (nil, nil)
            var seen: [String] = []
            for _ in 0..<6 where seen.count < expected.count {
                let slid = try await world.slide(bob, request(since, limit: 2), pos: pos)
                #expect(told(slid).count <= 2)
                seen += told(slid)
                (pos, since) = (slid.pos, next(slid))
            }
            #expect(seen.sorted() == expected)
            #expect(told(try await world.slide(bob, request(since), pos: pos)) == [])
        }
    }

    @Test(arguments: LogMode.allCases) func slidingSyncTellsWhatIsNewAndNotWhatATimelineHas(mode: LogMode) async throws
    {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let other = try await world.room(by: alice)
            try await stick("before", by: alice, in: other, world)
            let first = try await world.slide(bob, request())
            #expect(told(first) == [])
            try await stick("under", by: alice, in: room, world)
            try await stick("in the timeline", by: alice, in: room, world)
            let second = try await world.slide(bob, request(next(first)), pos: first.pos)
            #expect(told(second) == ["under"])
            // A room one comes into brings what stuck before.
            try await world.setMembership("join", of: bob, in: other)
            let third = try await world.slide(bob, request(next(second)), pos: second.pos)
            #expect(told(third) == ["before"])
            #expect(told(try await world.slide(bob, request(next(third)), pos: third.pos)) == [])
            // Who lost an answer is told again.
            #expect(told(try await world.slide(bob, request(next(second)), pos: third.pos)) == ["before"])
        }
    }

    @Test func theStateAfterHasItsEarlierNameForWhoAsksByThat() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            for (query, name) in [
                ("use_state_after=true", "state_after"),
                ("org.matrix.msc4222.use_state_after=true", "org.matrix.msc4222.state_after"), ("", "state"),
            ] {
                let joined = try #require(try await world.sync(alice, query).joined(room))
                #expect(joined[name] != nil)
                let names = joined.keys.filter { $0.contains("state") }
                #expect(names == [name])
            }
        }
    }
}
