import CanonicalJSON
import Identifiers
import Storage
import TestSupport
import Testing
import WorkerContracts

/// Whose devices a client has to look up anew, and how many keys of its own are left.
@Suite(.timeLimit(.minutes(15)))
struct DeviceListSyncTests {
    @Test(arguments: LogMode.allCases) func changedKeysAreToldToThoseWhoShareARoom(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carl = try await world.person("carl")
            try await world.room(by: alice, members: [bob])
            try await world.room(by: alice, members: [carl])
            let second = try await world.device("SECOND", of: bob.id)
            var since: [UserID: String] = [:]
            for person in [alice, bob, carl] { since[person.id] = try await world.sync(person).next }
            let ofSecond = try await world.sync(second).next
            try await world.uploadIdentity(of: bob)
            #expect(try await world.sync(alice, since: since[alice.id]).changed == [bob.id])
            #expect(try await world.sync(carl, since: since[carl.id]).changed == [])
            // Also one's own devices have to know.
            let own = try await world.sync(bob, since: since[bob.id])
            #expect(own.changed == [bob.id])
            #expect(try await world.sync(second, since: ofSecond).changed == [bob.id])
            #expect(try await world.sync(bob, since: own.next).changed == [])
            // The same keys again are no change.
            try await world.uploadIdentity(of: bob)
            #expect(try await world.sync(bob, since: own.next).changed == [])
            // One change after the other is told once, at the end of a gap too.
            try await world.uploadIdentity(of: alice)
            try await world.uploadIdentity(of: carl)
            try await world.execute(.announceDevices(.init(user: bob.id)), of: bob.id)
            let after = try await world.sync(alice, since: since[alice.id])
            #expect(after.changed == [alice.id, bob.id, carl.id] && after.left == [])
        }
    }

    @Test(arguments: LogMode.allCases) func whoStartsOrStopsSharingARoomIsTold(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carl = try await world.person("carl")
            let (first, second) = (try await world.room(by: alice), try await world.room(by: alice))
            var (mine, his) = (try await world.sync(alice).next, try await world.sync(bob).next)
            try await world.setMembership("join", of: bob, in: first)
            // Both sides: he who came, and those who were there.
            var (seen, come) = (try await world.sync(alice, since: mine), try await world.sync(bob, since: his))
            #expect(seen.changed == [bob.id] && seen.left == [])
            #expect(come.changed == [alice.id] && come.left == [])
            (mine, his) = (seen.next, come.next)
            try await world.setMembership("join", of: bob, in: second)
            try await world.setMembership("join", of: carl, in: second)
            (seen, come) = (try await world.sync(alice, since: mine), try await world.sync(bob, since: his))
            #expect(seen.changed.contains(carl.id) && come.changed.contains(carl.id))
            (mine, his) = (seen.next, come.next)
            // One room less, and one still shared.
            try await world.setMembership("leave", of: bob, in: first)
            (seen, come) = (try await world.sync(alice, since: mine), try await world.sync(bob, since: his))
            #expect(seen.left == [] && come.left == [])
            if mode != .logEmptied { #expect(seen.changed == []) }
            (mine, his) = (seen.next, come.next)
            try await world.setMembership("leave", of: bob, in: second)
            (seen, come) = (try await world.sync(alice, since: mine), try await world.sync(bob, since: his))
            #expect(seen.left == [bob.id] && seen.changed == [])
            #expect(come.left == [alice.id, carl.id] && come.changed == [])
            // Whoever shares nothing hears nothing.
            try await world.uploadIdentity(of: bob)
            #expect(try await world.sync(alice, since: seen.next).changed == [])
        }
    }

    /// After a gap: who came, went and came again meanwhile, and whose keys changed meanwhile.
    @Test(arguments: [LogMode.hinted, .logEmptied]) func aGapLosesNobody(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            var people: [SyncWorld.Person] = []
            // More than are looked at one by one.
            for number in 0..<130 { people.append(try await world.person("p\(number)")) }
            try await world.setMembership("join", of: people[0], in: room)
            try await world.setMembership("join", of: people[1], in: room)
            let since = try await world.sync(alice).next
            for person in people.dropFirst(2) { try await world.setMembership("join", of: person, in: room) }
            try await world.setMembership("leave", of: people[0], in: room)
            try await world.setMembership("leave", of: people[5], in: room)
            try await world.uploadIdentity(of: people[1])
            let synced = try await world.sync(alice, since: since)
            #expect(synced.changed == Set(people.map(\.id)).subtracting([people[0].id, people[5].id]))
            #expect(synced.left == [people[0].id, people[5].id])
        }
    }

    @Test(arguments: LogMode.allCases) func keysAreCountedAndTheirLossIsTold(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            let second = try await world.device("SECOND", of: alice.id)
            let (since, ofSecond) = (try await world.sync(alice).next, try await world.sync(second).next)
            try await world.uploadOneTimeKeys(3, of: alice)
            var synced = try await world.sync(alice, since: since)
            #expect(synced.body["device_one_time_keys_count"] == ["signed_curve25519": 3])
            #expect(synced.body["device_unused_fallback_key_types"] == ["signed_curve25519"])
            #expect(
                try await world.sync(second, since: ofSecond).body["device_one_time_keys_count"]
                    == ["signed_curve25519": 0])
            for left in [2, 1, 0, 0] as [Int64] {
                try await world.claimKey(of: alice)
                synced = try await world.sync(alice, since: synced.next)
                #expect(synced.body["device_one_time_keys_count"] == ["signed_curve25519": .int(left)])
            }
            #expect(synced.body["device_unused_fallback_key_types"] == [])
        }
    }

    @Test(arguments: LogMode.allCases) func whomOneHasSignedIsToldToOnesOtherDevices(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            try await world.room(by: alice, members: [bob])
            let (since, his) = (try await world.sync(alice).next, try await world.sync(bob).next)
            let signature = WriterCommand.AddSignatures.Signature(
                user: bob.id, target: "MASTER", key: try #require(KeyID("ed25519:U")), signature: "s")
            try await world.execute(
                .addSignatures(.init(signer: alice.id, signatures: [signature])), of: alice.id)
            #expect(try await world.sync(alice, since: since).changed == [bob.id])
            #expect(try await world.sync(bob, since: his).changed == [], "nobody else's business")
        }
    }

    @Test(arguments: LogMode.allCases) func changesBetweenTwoTokensCanBeAskedFor(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carl = try await world.person("carl")
            let room = try await world.room(by: alice, members: [bob, carl])
            let first = try await world.sync(alice).next
            try await world.uploadIdentity(of: bob)
            let second = try await world.sync(alice).next
            try await world.setMembership("leave", of: carl, in: room)
            let third = try await world.sync(alice).next
            func changes(_ from: String, _ to: String) async throws -> JSONObject {
                let answer = try await world.call(
                    "/_matrix/client/v3/keys/changes?from=\(from)&to=\(to)", token: alice.token.text)
                #expect(answer.status == 200, "\(answer.body)")
                return answer.body
            }
            #expect(try await changes(first, second) == ["changed": [.string(bob.id.rawValue)], "left": []])
            #expect(
                try await changes(first, third)
                    == ["changed": [.string(bob.id.rawValue)], "left": [.string(carl.id.rawValue)]])
            #expect(try await changes(third, third) == ["changed": [], "left": []])
            let others = try await world.call(
                "/_matrix/client/v3/keys/changes?from=\(first)&to=\(second)", token: bob.token.text)
            #expect(others.errcode == "M_INVALID_PARAM")
        }
    }

    @Test(arguments: [LogMode.hinted, .feedOff, .logEmptied]) func slidingSyncSaysTheSame(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let body: JSONObject = ["extensions": ["e2ee": ["enabled": true]]]
            func keys(_ answer: Slid) -> JSONValue? { answer.body["extensions"]?["e2ee"] }
            let first = try await world.slide(alice, body)
            #expect(keys(first)?["device_one_time_keys_count"] == ["signed_curve25519": 0])
            try await world.uploadIdentity(of: bob)
            try await world.uploadOneTimeKeys(2, of: alice)
            let second = try await world.slide(alice, body, pos: first.pos)
            #expect(keys(second)?["device_lists"] == ["changed": [.string(bob.id.rawValue)], "left": []])
            #expect(keys(second)?["device_one_time_keys_count"] == ["signed_curve25519": 2])
            #expect(keys(second)?["device_unused_fallback_key_types"] == ["signed_curve25519"])
            try await world.setMembership("leave", of: bob, in: room)
            let third = try await world.slide(alice, body, pos: second.pos)
            #expect(keys(third)?["device_lists"] == ["changed": [], "left": [.string(bob.id.rawValue)]])
        }
    }
}

extension SyncedBody {
    var changed: Set<UserID> { users("changed") }
    var left: Set<UserID> { users("left") }

    private func users(_ name: String) -> Set<UserID> {
        Set((body["device_lists"]?[name]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { UserID($0) } })
    }
}

extension SyncWorld {
    /// Uploads a device's identity keys, always the same.
    func uploadIdentity(of person: Person) async throws {
        try await ask(
            .uploadKeys(
                .init(
                    user: person.id, device: person.device, identity: ["device_id": .string(person.device.rawValue)],
                    oneTime: [], fallback: [])), of: person.id)
    }

    /// Uploads one-time keys and a fallback key.
    func uploadOneTimeKeys(_ count: Int, of person: Person) async throws {
        let keys = try (0..<count).map { (try #require(KeyID("signed_curve25519:\($0)")), JSONValue.string("\($0)")) }
        try await ask(
            .uploadKeys(
                .init(
                    user: person.id, device: person.device, identity: nil, oneTime: keys,
                    fallback: [(try #require(KeyID("signed_curve25519:F")), "f")])), of: person.id)
    }

    func claimKey(of person: Person) async throws {
        try await ask(
            .claimKeys(.init(user: person.id, claims: [(person.device, "signed_curve25519")])), of: person.id)
    }

    /// Executes a command that asks for something.
    @discardableResult
    private func ask(_ command: WriterCommand, of user: UserID) async throws -> JSONObject {
        let reply = try await execute(
            command, id: .random(), in: ShardID.placement(of: user, count: TestDatabase.shardCount))
        guard case .answered(let answer, _) = reply else {
            Issue.record("no answer: \(reply)")
            return [:]
        }
        return answer
    }
}
