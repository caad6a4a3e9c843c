import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

/// What coming into a room and going out of it do to a sync.
@Suite(.timeLimit(.minutes(15)))
struct MembershipSyncTests {
    @Test(arguments: LogMode.allCases) func inviteComesStripped(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let since = try await world.sync(bob).next
            let room = try await world.room(
                by: alice, rule: "invite",
                extra: [
                    SyncWorld.state("m.room.name", ["name": "den"], by: alice),
                    SyncWorld.state("m.room.guest_access", ["guest_access": "forbidden"], by: alice),
                ])
            try await world.setMembership("invite", of: bob, by: alice, in: room)
            let invited = try await world.sync(bob, since: since)
            let events = invited.section("invite", room)?["invite_state"]?["events"]?.arrayValue ?? []
            let keys = Set(events.map { "\($0["type"]?.stringValue ?? "") \($0["state_key"]?.stringValue ?? "")" })
            #expect(
                keys == [
                    "m.room.create ", "m.room.name ", "m.room.join_rules ", "m.room.member \(alice.id)",
                    "m.room.member \(bob.id)",
                ])
            for event in events {
                #expect(Set(event.objectValue?.keys ?? []) == ["content", "sender", "state_key", "type"])
            }
            // Nothing else of the room shows, and the invite comes once; anew in a new initial sync.
            try await world.say("secret", by: alice, in: room)
            #expect(try await world.sync(bob, since: invited.next).isEmpty)
            #expect(try await world.sync(bob).rooms("invite") == [room.rawValue])
        }
    }

    @Test(arguments: LogMode.allCases) func joinBringsTheRoomWhole(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice)
            for number in 0..<12 { try await world.say("\(number)", by: alice, in: room) }
            try await world.setReceipt(
                try #require(try await world.say("read", by: alice, in: room).first), by: alice, in: room)
            let since = try await world.sync(bob).next
            try await world.setMembership("join", of: bob, in: room)
            let synced = try await world.sync(bob, since: since)
            let section = try #require(synced.joined(room))
            #expect(section.timeline == (4..<12).map { "\($0)" } + ["read", "m.room.member"])
            #expect(section.isLimited)
            #expect(section.stateKeys().contains("m.room.create "))
            #expect(section["summary"]?["m.joined_member_count"] == 2)
            #expect(section.events("ephemeral").first?["type"] == "m.receipt")
            // From then on it goes on as any room.
            try await world.say("hello", by: alice, in: room)
            let next = try #require(try await world.sync(bob, since: synced.next).joined(room))
            #expect(next.timeline == ["hello"])
            #expect(!next.isLimited)
            #expect(next["summary"] == nil)
        }
    }

    @Test(arguments: LogMode.allCases) func leftRoomEndsWithTheLeave(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let since = try await world.sync(bob).next
            try await world.say("before", by: alice, in: room)
            try await world.append(SyncWorld.state("m.room.name", ["name": "n"], by: alice), to: room)
            try await world.setMembership("leave", of: bob, in: room)
            try await world.say("after", by: alice, in: room)
            let synced = try await world.sync(bob, since: since)
            #expect(synced.rooms("join").isEmpty)
            let section = try #require(synced.left(room))
            #expect(section.timeline == ["before", "m.room.name", "m.room.member"])
            try await world.say("later", by: alice, in: room)
            #expect(try await world.sync(bob, since: synced.next).isEmpty)
            // An initial sync has it only when asked, still without what came after.
            #expect(try await world.sync(bob).isEmpty)
            let archived = try #require(
                try await world.sync(bob, filter: ["room": ["include_leave": true]]).left(room))
            #expect(archived.timeline.suffix(3) == ["before", "m.room.name", "m.room.member"])
        }
    }

    @Test(arguments: LogMode.allCases) func kickAndBanShowAndForgottenRoomsDoNot(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            var since = try await world.sync(bob).next
            try await world.setMembership("leave", of: bob, by: alice, in: room)
            var synced = try await world.sync(bob, since: since)
            #expect(synced.left(room)?.timeline == ["m.room.member"])
            #expect(synced.left(room)?.events("timeline").last?["sender"] == .string(alice.id.rawValue))
            since = synced.next
            try await world.append(SyncWorld.state("m.room.topic", ["topic": "secret"], by: alice), to: room)
            try await world.setMembership("ban", of: bob, by: alice, in: room)
            synced = try await world.sync(bob, since: since)
            let banned = try #require(synced.left(room))
            #expect(banned.timeline == ["m.room.member"])
            #expect(banned.events("state").isEmpty)
            try await world.execute(.forgetRoom(.init(room: room, user: bob.id)), of: room)
            #expect(try await world.sync(bob, filter: ["room": ["include_leave": true]]).isEmpty)
            #expect(try await world.sync(bob, since: since).isEmpty)
        }
    }

    @Test(arguments: LogMode.allCases) func rejectedInviteShowsOnlyItsEnd(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, rule: "invite")
            try await world.setMembership("invite", of: bob, by: alice, in: room)
            let since = try await world.sync(bob).next
            try await world.say("secret", by: alice, in: room)
            try await world.setMembership("leave", of: bob, in: room)
            let section = try #require(try await world.sync(bob, since: since).left(room))
            #expect(section.timeline == ["m.room.member"])
            #expect(section.events("state").isEmpty)
        }
    }

    @Test(arguments: LogMode.allCases) func rejoinIsLimitedAndHidesWhatWasMissed(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob], visibility: "joined")
            let since = try await world.sync(bob).next
            try await world.say("seen", by: alice, in: room)
            try await world.setMembership("leave", of: bob, in: room)
            try await world.say("missed", by: alice, in: room)
            try await world.append(SyncWorld.state("m.room.name", ["name": "n"], by: alice), to: room)
            try await world.setMembership("join", of: bob, in: room)
            try await world.say("seen again", by: alice, in: room)
            let filter: JSONObject = ["room": ["timeline": ["limit": 4]]]
            let synced = try await world.sync(bob, since: since, filter: filter)
            let section = try #require(synced.joined(room))
            #expect(section.timeline == ["seen", "m.room.member", "m.room.member", "seen again"])
            #expect(section.isLimited)
            #expect(section.previous != nil)
            #expect(section.stateKeys().contains("m.room.create "))
            #expect(synced.left(room) == nil)
        }
    }

    @Test(arguments: LogMode.allCases) func knockShowsAsKnock(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, rule: "knock")
            let since = try await world.sync(bob).next
            try await world.setMembership("knock", of: bob, in: room)
            let synced = try await world.sync(bob, since: since)
            #expect(synced.rooms("knock") == [room.rawValue])
            let events = synced.section("knock", room)?["knock_state"]?["events"]?.arrayValue ?? []
            #expect(events.contains { $0["state_key"] == .string(bob.id.rawValue) })
            #expect(synced.rooms("join").isEmpty)
        }
    }

    struct VisibilityCase: Sendable, CustomTestStringConvertible {
        let visibility: String
        /// What somebody who joins sees of: before the invite, between invite and join, after the join.
        let sees: [Bool]
        var testDescription: String { visibility }
    }

    static let visibilityCases = [
        VisibilityCase(visibility: "world_readable", sees: [true, true, true]),
        VisibilityCase(visibility: "shared", sees: [true, true, true]),
        VisibilityCase(visibility: "invited", sees: [false, true, true]),
        VisibilityCase(visibility: "joined", sees: [false, false, true]),
    ]

    @Test(arguments: visibilityCases, [LogMode.hinted, .logEmptied])
    func joinerSeesWhatTheVisibilityAllows(_ test: VisibilityCase, mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let since = try await world.sync(bob).next
            let room = try await world.room(by: alice, rule: "invite", visibility: test.visibility)
            try await world.say("before", by: alice, in: room)
            try await world.setMembership("invite", of: bob, by: alice, in: room)
            try await world.say("between", by: alice, in: room)
            try await world.setMembership("join", of: bob, in: room)
            try await world.say("after", by: alice, in: room)
            for synced in [try await world.sync(bob), try await world.sync(bob, since: since)] {
                let timeline = try #require(synced.joined(room)).timeline
                #expect(["before", "between", "after"].map { timeline.contains($0) } == test.sees)
            }
        }
    }

    @Test func whoComesLaterGetsNothingOfWhatAnErasedUserSaid() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carl = try await world.person("carl")
            let room = try await world.room(by: alice, members: [bob])
            try await world.say("secret", by: bob, in: room)
            try await world.setMembership("leave", of: bob, in: room)
            try await world.database.query(
                "UPDATE account SET deactivated_at_ms = 1, erased_at_ms = 1 WHERE user_id = $1", bob.id.rawValue)
            try await world.say("open", by: alice, in: room)
            try await world.setMembership("join", of: carl, in: room)
            let ofCarl = try #require(try await world.sync(carl).joined(room)).timeline
            #expect(ofCarl.contains("open") && ofCarl.contains("m.room.message") && !ofCarl.contains("secret"))
            #expect(try await world.sync(alice).joined(room)?.timeline.contains("secret") == true)
        }
    }

    /// In the timeline, as what an event replaced, and as a member loaded beside what somebody said.
    @Test func whoComesLaterIsNotToldWhoAnErasedUserWas() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carl = try await world.person("carl")
            let room = try await world.room(by: alice)
            var joined = SyncWorld.member(bob, "join")
            joined.content["displayname"] = "Real Name"
            try await world.append(joined, to: room)
            try await world.say("one", "two", by: bob, in: room)
            try await world.setMembership("leave", of: bob, in: room)
            try await world.database.query(
                "UPDATE account SET deactivated_at_ms = 1, erased_at_ms = 1 WHERE user_id = $1", bob.id.rawValue)
            try await world.setMembership("join", of: carl, in: room)
            for limit in [2, 3, 4, 20] as [Int64] {
                let filter: JSONObject = [
                    "room": ["timeline": ["limit": .int(limit)], "state": ["lazy_load_members": true]]
                ]
                let synced = try await world.sync(carl, filter: filter)
                let text = String(decoding: synced.body.bytes(), as: UTF8.self)
                #expect(text.contains(bob.id.rawValue) && !text.contains("Real Name"), "limit \(limit)")
                let slid = try await world.slide(
                    carl,
                    [
                        "lists": [
                            "all": [
                                "ranges": [[0, 9]], "timeline_limit": .int(limit),
                                "required_state": [["m.room.member", "$LAZY"]],
                            ]
                        ]
                    ])
                #expect(!String(decoding: slid.body.bytes(), as: UTF8.self).contains("Real Name"), "limit \(limit)")
            }
            let seen = try await world.sync(alice)
            #expect(String(decoding: seen.body.bytes(), as: UTF8.self).contains("Real Name"))
        }
    }
}
