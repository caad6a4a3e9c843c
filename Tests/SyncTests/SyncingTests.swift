import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

/// The way of a client through a room's life; the same whichever way the worker learns of it.
@Suite(.timeLimit(.minutes(15)))
struct SyncingTests {
    @Test(arguments: LogMode.allCases) func initialSyncShowsRoomsAsTheyAre(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            try await world.say("one", "two", by: bob, in: room)
            let synced = try await world.sync(alice)
            let section = try #require(synced.joined(room))
            #expect(
                section.timeline == [
                    "m.room.create", "m.room.member", "m.room.power_levels", "m.room.join_rules", "m.room.member",
                    "one",
                    "two",
                ])
            #expect(!section.isLimited)
            #expect(section.events("state").isEmpty)
            #expect(section["summary"]?["m.joined_member_count"] == 2)
            #expect(section["summary"]?["m.invited_member_count"] == 0)
            #expect(section["summary"]?["m.heroes"] == [.string(bob.id.rawValue)])
            #expect(section["unread_notifications"]?["notification_count"] == 2)
            #expect(synced.body["device_one_time_keys_count"] == ["signed_curve25519": 0])
            #expect(section.events("timeline").last?["room_id"] == nil)
        }
    }

    @Test(arguments: LogMode.allCases) func limitedInitialTimelineHasStateBeforeIt(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            for number in 0..<12 { try await world.say("\(number)", by: bob, in: room) }
            let filter: JSONObject = ["room": ["timeline": ["limit": 3]]]
            let section = try #require(try await world.sync(alice, filter: filter).joined(room))
            #expect(section.timeline == ["9", "10", "11"])
            #expect(section.isLimited)
            #expect(section.previous?.hasPrefix("p1_") == true)
            #expect(
                section.stateKeys() == [
                    "m.room.create ", "m.room.power_levels ", "m.room.join_rules ",
                    "m.room.member \(alice.id)", "m.room.member \(bob.id)",
                ])
        }
    }

    @Test(arguments: LogMode.allCases) func eachMessageComesOnceInOrder(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let rooms = [
                try await world.room(by: alice, members: [bob]), try await world.room(by: bob, members: [alice]),
            ]
            var since = try await world.sync(alice).next
            var seen: [RoomID: [String]] = [:]
            var sent: [RoomID: [String]] = [:]
            for round in 0..<6 {
                for (index, room) in rooms.enumerated() where (round + index) % 3 != 0 {
                    for number in 0..<3 {
                        let text = "\(round).\(number)"
                        try await world.say(text, by: number == 1 ? alice : bob, in: room)
                        sent[room, default: []].append(text)
                    }
                }
                let synced = try await world.sync(alice, since: since)
                #expect(synced.next != since)
                since = synced.next
                for room in rooms { seen[room, default: []] += synced.joined(room)?.timeline ?? [] }
            }
            #expect(seen == sent)
            #expect(try await world.sync(alice, since: since).isEmpty)
        }
    }

    @Test(arguments: LogMode.allCases) func gapIsLimitedAndBringsStateChanges(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let since = try await world.sync(alice).next
            try await world.append(SyncWorld.state("m.room.name", ["name": "one"], by: alice), to: room)
            try await world.append(SyncWorld.state("m.room.name", ["name": "two"], by: alice), to: room)
            for number in 0..<15 { try await world.say("\(number)", by: bob, in: room) }
            try await world.append(SyncWorld.state("m.room.topic", ["topic": "last"], by: alice), to: room)
            let section = try #require(try await world.sync(alice, since: since).joined(room))
            #expect(section.isLimited)
            #expect(section.timeline == (6..<15).map { "\($0)" } + ["m.room.topic"])
            #expect(section.stateKeys() == ["m.room.name "])
            #expect(section.events("state").first?["content"]?["name"] == "two")
            #expect(section["summary"] == nil)

            let after = try #require(try await world.sync(alice, since: since, "use_state_after=true").joined(room))
            #expect(after["state"] == nil)
            #expect(after.stateKeys("state_after") == ["m.room.name ", "m.room.topic "])
        }
    }

    @Test(arguments: LogMode.allCases) func stateInTheTimelineIsNotRepeated(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            let since = try await world.sync(alice).next
            try await world.append(SyncWorld.state("m.room.name", ["name": "one"], by: alice), to: room)
            let section = try #require(try await world.sync(alice, since: since).joined(room))
            #expect(section.timeline == ["m.room.name"])
            #expect(section.events("state").isEmpty)
            #expect(!section.isLimited)
            #expect(section["state_after"] == nil)
            let after = try #require(try await world.sync(alice, since: since, "use_state_after=true").joined(room))
            #expect(after.stateKeys("state_after") == ["m.room.name "])
            // The room has a name now, so nobody has to stand for it.
            let whole = try #require(try await world.sync(alice).joined(room))
            #expect(whole["summary"]?["m.heroes"] == nil)
        }
    }

    @Test(arguments: LogMode.allCases) func accountDataComesWhenItChanges(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            try await world.setAccountData("m.direct", ["a": 1], of: alice)
            try await world.setAccountData("m.tag", ["tags": ["u.work": [:]]], of: alice, in: room)
            let first = try await world.sync(alice)
            #expect(first.accountData == [["type": "m.direct", "content": ["a": 1]]])
            #expect(
                first.joined(room)?.events("account_data")
                    == [["type": "m.tag", "content": ["tags": ["u.work": [:]]]]])
            #expect(try await world.sync(alice, since: first.next).isEmpty)

            try await world.setAccountData("m.direct", ["a": 2], of: alice)
            try await world.setAccountData("m.tag", nil, of: alice, in: room)
            let second = try await world.sync(alice, since: first.next)
            #expect(second.accountData == [["type": "m.direct", "content": ["a": 2]]])
            #expect(second.joined(room)?.events("account_data") == [["type": "m.tag", "content": [:]]])
            #expect(second.joined(room)?.timeline == [])
            // Deleted is not there.
            #expect(try await world.sync(alice).joined(room)?.events("account_data") == [])
        }
    }

    @Test(arguments: LogMode.allCases) func fullStateComesWithATokenToo(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let quiet = try await world.room(by: alice)
            let since = try await world.sync(alice).next
            try await world.say("new", by: bob, in: room)
            let synced = try await world.sync(alice, since: since, "full_state=true&timeout=30000")
            #expect(synced.joined(room)?.timeline == ["new"])
            #expect(synced.joined(room)?.stateKeys().count == 5)
            #expect(synced.joined(quiet)?.timeline == [])
            #expect(synced.joined(quiet)?.stateKeys().count == 4)
        }
    }
}
