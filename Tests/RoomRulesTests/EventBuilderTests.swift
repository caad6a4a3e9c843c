import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Signing
import Testing

/// Events made here: their IDs, hashes, signatures and limits, by version.
@Suite struct EventBuilderTests {
    private let server: ServerName
    private let user: UserID
    private let key: SigningKey
    private let room: RoomID

    init() throws {
        server = try #require(ServerName("a.test"))
        user = try #require(UserID("@a:a.test"))
        key = try SigningKey(keyID: "ed25519:1", seed: Array(repeating: 1, count: 32))
        room = try #require(RoomID("!room:a.test"))
    }

    private func builder(_ version: Int) throws -> EventBuilder {
        EventBuilder(rules: try #require(RoomVersion("\(version)")).rules, server: server, key: key)
    }

    private func create(_ version: Int) throws -> Event {
        try builder(version).buildCreate(
            version: try #require(RoomVersion("\(version)")), content: ["m.federate": true], sender: user, room: room,
            originServerTS: Timestamp(milliseconds: 1_000))
    }

    private func message(_ version: Int, content: JSONObject = ["body": "b"]) throws -> Event {
        let create = try create(version)
        return try builder(version).build(
            room: create.room, type: "m.room.message", stateKey: nil, sender: user, content: content, prev: [create],
            auth: version < 12 ? [create] : [], originServerTS: Timestamp(milliseconds: 2_000))
    }

    @Test(arguments: RuleScene.all)
    func createEventsSayWhatTheirVersionWants(version: Int) throws {
        let create = try create(version)
        #expect(create.content["room_version"] == .string("\(version)"))
        #expect(create.content["creator"] == (version <= 10 ? "@a:a.test" : nil))
        #expect(create.content["m.federate"] == true)
        #expect(create.depth == 1)
        #expect((create.json["room_id"] == nil) == (version == 12))
        #expect(create.room == (version == 12 ? RoomID(createEvent: create.id) : room))
        let rules = try builder(version).rules
        #expect(authorize(create, state: { _ in nil }, rules: rules).isAllowed)
        if version == 12 { #expect(create.room.server == nil) }
    }

    @Test(arguments: RuleScene.all)
    func eventIDsFollowTheFormat(version: Int) throws {
        let event = try message(version)
        let rules = try builder(version).rules
        let hash = EventHashing.referenceHash(event.json, redact: rules.redactEvent)
        switch version {
        case 1, 2:
            #expect(event.id.rawValue.hasSuffix(":a.test"))
            #expect(event.json["event_id"] == .string(event.id.rawValue))
            let reference = event.json["prev_events"]?.arrayValue?.first?.arrayValue?.last
            #expect(UnpaddedBase64.decode(reference?["sha256"]?.stringValue ?? "")?.count == 32)
        case 3:
            #expect(event.id.rawValue == "$" + UnpaddedBase64.encode(hash))
            #expect(event.json["event_id"] == nil)
        default:
            #expect(event.id.rawValue == "$" + UnpaddedBase64.encode(hash, alphabet: .urlSafe))
            #expect(event.id.rawValue.utf8.count == 44)
            #expect(event.json["event_id"] == nil)
        }
    }

    @Test(arguments: RuleScene.all)
    func whatIsBuiltVerifiesAlsoRedacted(version: Int) throws {
        let event = try message(version)
        let rules = try builder(version).rules
        let publicKey = try #require(VerificationKey(key.publicKey))
        let redacted = redact(event.json, rules: rules)
        #expect(EventHashing.hasValidContentHash(event.json))
        #expect(!EventHashing.hasValidContentHash(redacted))
        for copy in [event.json, redacted] {
            #expect(
                EventHashing.hasValidSignature(
                    copy, by: server, keyID: "ed25519:1", key: publicKey, redact: rules.redactEvent))
            #expect(
                try EventHashing.eventID(copy, format: rules.eventFormat, redact: rules.redactEvent) == event.id)
        }
    }

    @Test(arguments: RuleScene.all)
    func referencesFollowTheFormat(version: Int) throws {
        let create = try create(version)
        let reference = try builder(version).reference(to: create)
        #expect(reference.id == create.id)
        #expect((reference.hash != nil) == (version <= 2))
    }

    @Test(arguments: RuleScene.all)
    func whatCanonicalJSONLacksIsNotBuilt(version: Int) throws {
        #expect(throws: EventBuildError.notCanonical(.floatNotAllowed)) {
            try message(version, content: ["x": .double(1.5)])
        }
        #expect(throws: EventBuildError.notCanonical(.integerOutOfRange)) {
            try message(version, content: ["x": .int(1 << 53)])
        }
        let largest: JSONValue = .int((1 << 53) - 1)
        #expect(try message(version, content: ["x": largest]).content["x"] == largest)
    }

    @Test(arguments: RuleScene.all)
    func eventsEndAtTheirLargestSize(version: Int) throws {
        func event(_ count: Int) throws -> Event {
            try message(version, content: ["body": .string(String(repeating: "x", count: count))])
        }
        let overhead = try event(0).json.bytes().count
        let room = EventBuilder.eventBytesMax - overhead
        #expect(try event(room).json.bytes().count == EventBuilder.eventBytesMax)
        #expect(throws: EventBuildError.tooLarge(bytes: EventBuilder.eventBytesMax + 1)) { try event(room + 1) }
    }

    @Test func fieldsEndAt255Bytes() throws {
        let create = try create(11)
        func event(type: String = "t", key: String? = nil) throws -> Event {
            try builder(11).build(
                room: create.room, type: type, stateKey: key, sender: user, content: [:], prev: [create],
                auth: [create], originServerTS: Timestamp(milliseconds: 2))
        }
        // Bytes, not characters: the last one has two.
        let longest = String(repeating: "x", count: 253) + "é"
        #expect(try event(type: longest).type == longest)
        #expect(try event(key: longest).stateKey == longest)
        #expect(throws: EventBuildError.fieldTooLong("type")) { try event(type: longest + "x") }
        #expect(throws: EventBuildError.fieldTooLong("state_key")) { try event(key: longest + "x") }
    }

    @Test func predecessorsAndAuthEventsAreCounted() throws {
        let create = try create(11)
        func event(prev: Int, auth: Int) throws -> Event {
            try builder(11).build(
                room: create.room, type: "t", stateKey: nil, sender: user, content: [:],
                prev: Array(repeating: create, count: prev), auth: Array(repeating: create, count: auth),
                originServerTS: Timestamp(milliseconds: 2))
        }
        #expect(try event(prev: 20, auth: 10).prevEvents.count == 20)
        #expect(throws: EventBuildError.tooManyPrevEvents(21)) { try event(prev: 21, auth: 1) }
        #expect(throws: EventBuildError.tooManyAuthEvents(11)) { try event(prev: 1, auth: 11) }
    }

    @Test func depthStopsAtItsLargestValue() throws {
        let scene = try RuleScene(11)
        func depth(after depths: [Int64]) throws -> Int64 {
            EventBuilder.depth(
                after: try depths.map { depth in
                    try scene.event("t", by: RuleScene.alice, [:]) { $0["depth"] = .int(depth) }
                })
        }
        #expect(try depth(after: []) == 1)
        #expect(try depth(after: [3, 9, 4]) == 10)
        #expect(try depth(after: [EventBuilder.depthMax - 1]) == EventBuilder.depthMax)
        #expect(try depth(after: [EventBuilder.depthMax]) == EventBuilder.depthMax)
        #expect(try depth(after: [.max]) == EventBuilder.depthMax)
    }

    @Test(arguments: RuleScene.all)
    func whoMustSignFollowsTheVersion(version: Int) throws {
        let scene = try RuleScene(version)
        func servers(_ event: Event) -> [String] {
            requiredSignatures(of: event, rules: scene.rules).map(\.rawValue).sorted()
        }
        let message = try scene.event("m.room.message", by: RuleScene.bob, [:], id: "$x:i.test")
        #expect(servers(message) == (version <= 2 ? ["b.test", "i.test"] : ["b.test"]))
        let invite: JSONObject = ["membership": "invite", "third_party_invite": [:]]
        let third = try scene.event("m.room.member", key: "@c:c.test", by: RuleScene.bob, invite, id: "$x:i.test")
        #expect(servers(third) == (version <= 2 ? ["i.test"] : []))
        let join: JSONObject = ["membership": "join", "join_authorised_via_users_server": "@c:c.test"]
        let restricted = try scene.event("m.room.member", key: RuleScene.bob, by: RuleScene.bob, join, id: "$x:b.test")
        #expect(servers(restricted) == (version >= 8 ? ["b.test", "c.test"] : ["b.test"]))
    }
}
