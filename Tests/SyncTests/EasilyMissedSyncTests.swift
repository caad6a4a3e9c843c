import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

/// Small things that clients rely on and servers forget.
@Suite(.timeLimit(.minutes(15)))
struct EasilyMissedSyncTests {
    @Test(arguments: LogMode.allCases) func transactionIsEchoedToTheDeviceThatMadeIt(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let second = try await world.device("SECOND", of: alice.id)
            let room = try await world.room(by: alice, members: [bob])
            let sinces = [
                try await world.sync(alice).next, try await world.sync(second).next, try await world.sync(bob).next,
            ]
            try await world.append(
                EventDraft(
                    type: "m.room.message", stateKey: nil, sender: alice.id, content: ["body": "hello"],
                    transaction: ClientTransaction(device: alice.device, id: "txn")), to: room)
            for (person, since, expected) in [
                (alice, sinces[0], JSONValue.string("txn")), (second, sinces[1], nil), (bob, sinces[2], nil),
            ] as [(SyncWorld.Person, String, JSONValue?)] {
                for synced in [try await world.sync(person, since: since), try await world.sync(person)] {
                    let event = try #require(synced.joined(room)?.events("timeline").last)
                    #expect(event["content"]?["body"] == "hello")
                    #expect(event["unsigned"]?["transaction_id"] == expected)
                }
            }
        }
    }

    @Test func keysAreCountedAlsoWhenThereAreNone() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let first = try await world.sync(alice)
            for synced in [first, try await world.sync(alice, since: first.next)] {
                #expect(synced.body["device_lists"] == ["changed": [], "left": []])
                #expect(synced.body["device_one_time_keys_count"] == ["signed_curve25519": 0])
                #expect(synced.body["device_unused_fallback_key_types"] == [])
            }
        }
    }

    @Test(arguments: LogMode.allCases) func deletedAccountDataIsToldOnceAsEmpty(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            try await world.setAccountData("m.a", ["a": 1], of: alice)
            try await world.setAccountData("m.b", ["b": 1], of: alice, in: room)
            let since = try await world.sync(alice).next
            try await world.setAccountData("m.a", nil, of: alice)
            try await world.setAccountData("m.b", nil, of: alice, in: room)
            let synced = try await world.sync(alice, since: since)
            #expect(synced.accountData == [["type": "m.a", "content": [:]]])
            #expect(synced.joined(room)?.events("account_data") == [["type": "m.b", "content": [:]]])
            // Who comes anew hears nothing of it.
            let fresh = try await world.sync(alice)
            #expect(fresh.accountData.isEmpty && fresh.joined(room)?.events("account_data") == [])
        }
    }

    @Test(arguments: LogMode.allCases) func receiptNeverGoesBack(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let sent = try await world.say("one", "two", by: alice, in: room)
            try await world.setReceipt(sent[1], by: bob, in: room)
            let since = try await world.sync(alice).next
            try await world.setReceipt(sent[0], by: bob, in: room)
            #expect(try await world.sync(alice, since: since).isEmpty)
            let content = try await world.sync(alice).joined(room)?.events("ephemeral").first?["content"]
            #expect(content?[sent[1].rawValue]?["m.read"]?[bob.id.rawValue] != nil)
            #expect(content?[sent[0].rawValue] == nil)
            #expect(try await world.sync(bob).joined(room)?["unread_notifications"]?["notification_count"] == 0)
        }
    }

    static let visibilities = ["shared", "invited", "joined"]

    /// Archived rooms: whoever was there sees their time there, whatever others may.
    @Test(arguments: visibilities, [LogMode.hinted, .logEmptied])
    func pastMembersSeeTheirTimeInTheRoom(visibility: String, mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, rule: "public", visibility: visibility)
            try await world.say("before", by: alice, in: room)
            try await world.setMembership("join", of: bob, in: room)
            try await world.say("during", by: alice, in: room)
            try await world.setMembership("leave", of: bob, by: alice, in: room)
            try await world.say("after", by: alice, in: room)
            let filter: JSONObject = ["room": ["include_leave": true]]
            let timeline = try #require(try await world.sync(bob, filter: filter).left(room)).timeline
            #expect(timeline.contains("during") && !timeline.contains("after"))
            let isShared = visibility.utf8.elementsEqual("shared".utf8)
            #expect(!timeline.contains("before") || isShared)
        }
    }
}
