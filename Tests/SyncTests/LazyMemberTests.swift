import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

/// Members that are loaded when they are needed.
@Suite(.timeLimit(.minutes(15)))
struct LazyMemberTests {
    private static let lazy: JSONObject = ["room": ["state": ["lazy_load_members": true], "timeline": ["limit": 2]]]
    private static let redundant: JSONObject = [
        "room": ["state": ["lazy_load_members": true, "include_redundant_members": true], "timeline": ["limit": 2]]
    ]

    private func members(_ section: JSONObject?, _ part: String = "state") -> [String] {
        (section?.events(part) ?? []).filter { $0["type"] == "m.room.member" }
            .compactMap { $0["state_key"]?.stringValue }.sorted()
    }

    @Test(arguments: [LogMode.hinted, .feedOff, .logEmptied]) func sendersAreToldOnceToADevice(mode: LogMode)
        async throws
    {
        try await SyncWorld.with(mode) { world in
            var people: [SyncWorld.Person] = []
            for name in ["alice", "bob", "carol", "dave"] { people.append(try await world.person(name)) }
            let (alice, bob, carol) = (people[0], people[1], people[2])
            let room = try await world.room(
                by: alice, members: Array(people.dropFirst()),
                extra: [SyncWorld.state("m.room.name", ["name": "n"], by: alice)])
            try await world.say("1", "2", by: bob, in: room)
            let first = try await world.sync(alice, filter: Self.lazy)
            // The senders, and oneself.
            #expect(members(first.joined(room)) == [alice.id.rawValue, bob.id.rawValue])
            #expect(first.joined(room)?.stateKeys().contains("m.room.create ") == true)

            try await world.say("3", by: bob, in: room)
            try await world.say("4", by: carol, in: room)
            let second = try await world.sync(alice, since: first.next, filter: Self.lazy)
            #expect(members(second.joined(room)) == [carol.id.rawValue])
            // An answer that was lost is given again, with everything that was in it.
            let again = try await world.sync(alice, since: first.next, filter: Self.lazy)
            #expect(members(again.joined(room)) == [carol.id.rawValue])

            try await world.say("5", by: carol, in: room)
            let third = try await world.sync(alice, since: again.next, filter: Self.lazy)
            #expect(members(third.joined(room)) == [])
            try await world.say("6", by: carol, in: room)
            let told = try await world.sync(alice, since: third.next, filter: Self.redundant)
            #expect(members(told.joined(room)) == [carol.id.rawValue])

            // Another worker does not know what the device was told.
            try await world.startWorker()
            let elsewhere = try await world.sync(alice, since: third.next, filter: Self.lazy)
            #expect(members(elsewhere.joined(room)) == [carol.id.rawValue])
        }
    }

    @Test(arguments: [LogMode.hinted, .logEmptied]) func gapBringsEveryChangedMember(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carol = try await world.person("carol")
            let room = try await world.room(by: alice, members: [bob])
            let since = try await world.sync(alice, filter: Self.lazy).next
            try await world.setMembership("join", of: carol, in: room)
            try await world.say("1", "2", "3", by: bob, in: room)
            let section = try #require(try await world.sync(alice, since: since, filter: Self.lazy).joined(room))
            #expect(section.isLimited)
            #expect(members(section).contains(carol.id.rawValue))
            #expect(section["summary"]?["m.joined_member_count"] == 3)
        }
    }

    @Test func heroesAreToldWithTheRoom() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            try await world.say("1", "2", by: alice, in: room)
            let section = try #require(try await world.sync(alice, filter: Self.lazy).joined(room))
            #expect(section["summary"]?["m.heroes"] == [.string(bob.id.rawValue)])
            #expect(members(section) == [alice.id.rawValue, bob.id.rawValue])
            let after = try #require(
                try await world.sync(alice, filter: Self.lazy, "use_state_after=true").joined(room))
            #expect(members(after, "state_after") == [alice.id.rawValue, bob.id.rawValue])
        }
    }
}
