import CanonicalJSON
import Events
import Identifiers
import NIOCore
import RoomReading
import Storage
import TestSupport
import Testing

@Suite struct StateReadingTests {
    @Test func aKeysEventIsTheOneOfItsTime() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let old = try await room.send("m.room.topic", stateKey: "", by: anna, ["topic": "old"])
            let join = try await room.setMembership("join", of: bert)
            let new = try await room.send("m.room.topic", stateKey: "", by: anna, ["topic": "new"])
            let topic = StateMapKey(type: "m.room.topic", stateKey: "")
            let keys: [StateMapKey] = [topic, .member(bert), StateMapKey(type: "m.none", stateKey: "")]
            let now = try await reading.history.events(of: keys, in: room.room, at: new.position)
            #expect(now == [topic: new.id, .member(bert): join.id])
            let then = try await reading.history.events(of: keys, in: room.room, at: old.position)
            #expect(then == [topic: old.id])
        }
    }

    @Test func sendersAreShownAsTheyWereAndOnce() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let before = try await room.setMembership("join", of: bert, ["displayname": "Bert"])
            var shown: [EventID] = []
            for sender in [bert, anna, bert] { shown.append(try await room.send("m.room.message", by: sender).id) }
            let at = try await room.send("m.room.message", by: bert)
            try await room.setMembership("join", of: bert, ["displayname": "Robert"])
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            let found = try await reading.events.events(shown, of: room.room, rules: view.rules)
            let members = LazyMembers(history: reading.history, events: reading.events)
            let senders = try await members.senders(
                of: shown.compactMap { found[$0] }, in: view, at: at.position)
            #expect(senders.map(\.event.stateKey) == [bert.rawValue, anna.rawValue])
            #expect(senders.first?.event.id == before.id)
        }
    }

    @Test func aListingHasTheWholeStateInPiecesRedactedWhereItIs() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let topic = try await room.send("m.room.topic", stateKey: "", by: anna, ["topic": "secret"])
            for number in 0..<(StateListing.batchMax + 1) {
                try await room.send("m.test", stateKey: "\(number)", by: anna, ["number": .int(Int64(number))])
            }
            let redaction = try await room.redact(topic.id, by: anna, reason: "spam")
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            let store = StateRootStore(database: reading.database)
            let listing = StateListing(
                roots: StateRoots(store: store), store: store, events: reading.events,
                erasure: Erasure(users: ErasedUserStore(database: reading.database)))
            let tree = try await listing.tree(try await listing.root(of: room.room, at: view.position), of: room.room)
            let pieces = try await listing.pieces(of: tree, in: view)
            #expect(pieces.count == 2)
            let events = try Self.events(in: pieces)
            #expect(events.count == StateListing.batchMax + 4)
            #expect(events.allSatisfy { $0["room_id"]?.stringValue == room.room.rawValue })
            let redacted = try #require(events.first { $0["type"] == "m.room.topic" })
            #expect(redacted["content"] == [:])
            let because = try #require(redacted["unsigned"]?["redacted_because"])
            #expect(because["event_id"]?.stringValue == redaction.id.rawValue)
            let members = try await listing.pieces(of: tree, in: view, where: { $0.isType("m.room.member") })
            #expect(try Self.events(in: members).count == 1)
            let none = try await listing.pieces(of: tree, in: view, event: { $0.isType("m.none") })
            #expect(try Self.events(in: none).isEmpty)
            let earlier = try await listing.root(of: room.room, at: topic.position)
            #expect(try await listing.tree(earlier, of: room.room).count == 3)
        }
    }

    /// The events of pieces in which each is led by a comma.
    private static func events(in pieces: [ByteBuffer]) throws -> [JSONValue] {
        let bytes = pieces.flatMap { Array($0.readableBytesView) }
        return try #require(try JSONValue.parse(Array("[".utf8) + bytes.dropFirst() + Array("]".utf8)).arrayValue)
    }

    @Test func sharedMembersAreThoseOfTheMembershipAskedFor() async throws {
        try await Reading.with { reading in
            let (anna, bert, carl) = (try user("anna"), try user("bert"), try user("carl"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setMembership("invite", of: bert, by: anna)
            try await room.setMembership("join", of: carl)
            try await room.setMembership("leave", of: carl)
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            let store = StateRootStore(database: reading.database)
            let shared = SharedStateJSON(roots: StateRoots(store: store), events: reading.events, includesRoom: true)
            let root = try #require(try await store.currentRoot(of: room.room, at: view.position))
            func members(_ only: ByteOrderedText?, _ not: ByteOrderedText?) async throws -> [String] {
                let pieces = try await shared.pieces(
                    at: root, of: room.room, rules: view.rules, .members(MemberSelection(only: only, not: not)))
                return try Self.events(in: pieces).compactMap { $0["state_key"]?.stringValue }.sorted()
            }
            let names = [anna, bert, carl].map(\.rawValue)
            #expect(try await members(nil, nil) == names)
            #expect(try await members("join", nil) == [names[0]])
            #expect(try await members(nil, "leave") == [names[0], names[1]])
            #expect(try await members("leave", "invite") == [names[0], names[2]])
            #expect(shared.builds == 4)
            _ = try await members("join", nil)
            #expect(shared.builds == 4)
        }
    }

    @Test func membersComeInOrderWithoutWhatWasRedacted() async throws {
        try await Reading.with { reading in
            let (anna, bert, carl) = (try user("anna"), try user("bert"), try user("carl"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setMembership("join", of: carl, ["displayname": "Carl", "avatar_url": "mxc://a/b"])
            let join = try await room.setMembership("join", of: bert, ["displayname": "Rude"])
            try await room.redact(join.id, by: anna, reason: "rude")
            try await room.setMembership("invite", of: try user("dora"), by: anna)
            let members = CurrentMembers(database: reading.database)
            #expect(
                try await members.joined(in: room.room, after: nil) == [
                    RoomMember(user: anna, displayName: nil, avatarURL: nil),
                    RoomMember(user: bert, displayName: nil, avatarURL: nil),
                    RoomMember(user: carl, displayName: "Carl", avatarURL: "mxc://a/b"),
                ])
            #expect(try await members.joined(in: room.room, after: bert).map(\.user) == [carl])
        }
    }
}
