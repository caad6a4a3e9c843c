import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

/// Whom a user ignores is kept from their timelines, and never from the state of rooms.
@Suite(.timeLimit(.minutes(15)))
struct IgnoredUserSyncTests {
    private func ignore(_ person: SyncWorld.Person, by viewer: SyncWorld.Person, in world: SyncWorld) async throws {
        let ignored: JSONObject = [person.id.rawValue: [:]]
        let list: JSONObject = ["ignored_users": .object(ignored)]
        try await world.setAccountData("m.ignored_user_list", list, of: viewer)
    }

    @Test(arguments: LogMode.allCases) func messagesOfIgnoredUsersAreLeftOutAndStateIsNot(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let before = try await world.sync(bob)
            try await ignore(alice, by: bob, in: world)
            try await world.say("unheard", by: alice, in: room)
            try await world.append(SyncWorld.state("m.room.topic", ["topic": "t"], by: alice), to: room)
            try await world.say("own", by: bob, in: room)
            let synced = try await world.sync(bob, since: before.next)
            #expect(try #require(synced.joined(room)).timeline == ["m.room.topic", "own"])
            // Others hear everybody, and a fresh sync leaves out the same.
            #expect(try #require(try await world.sync(alice).joined(room)).timeline.contains("unheard"))
            let fresh = try #require(try await world.sync(bob).joined(room))
            #expect(fresh.timeline.suffix(2) == ["m.room.topic", "own"])
            #expect(fresh.stateKeys().contains("m.room.create ") || fresh.timeline.contains("m.room.create"))

            try await world.say("still unheard", by: alice, in: room)
            #expect(try await world.sync(bob, since: synced.next).isEmpty)
            try await world.setAccountData("m.ignored_user_list", ["ignored_users": [:]], of: bob)
            try await world.say("heard", by: alice, in: room)
            let after = try await world.sync(bob, since: synced.next)
            #expect(try #require(after.joined(room)).timeline.last == "heard")
        }
    }

    @Test func invitesOfIgnoredAndBlockedUsersDoNotShow() async throws {
        try await SyncWorld.with(.hinted) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let cleo = try await world.person("cleo")
            try await ignore(alice, by: bob, in: world)
            let since = try await world.sync(bob).next
            let hidden = try await world.room(by: alice, rule: "invite")
            try await world.setMembership("invite", of: bob, by: alice, in: hidden)
            let shown = try await world.room(by: cleo, rule: "invite")
            try await world.setMembership("invite", of: bob, by: cleo, in: shown)
            #expect(try await world.sync(bob, since: since).rooms("invite") == [shown.rawValue])
            #expect(try await world.sync(bob).rooms("invite") == [shown.rawValue])
            try await world.setAccountData("m.invite_permission_config", ["default_action": "block"], of: bob)
            #expect(try await world.sync(bob).rooms("invite") == [])
            try await world.setAccountData("m.invite_permission_config", nil, of: bob)
            try await world.setAccountData("m.ignored_user_list", [:], of: bob)
            #expect(Set(try await world.sync(bob).rooms("invite")) == [hidden.rawValue, shown.rawValue])
        }
    }
}
