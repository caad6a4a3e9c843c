import CanonicalJSON
import ClientGateway
import Events
import Identifiers
import MatrixHTTP
import RoomRules
import Signing
import Testing
import WorkerContracts

@Suite struct CreateRoomTests {
    private static func server() throws -> ServerName { try #require(ServerName("test.example")) }
    private static func user(_ name: String) throws -> UserID { try #require(UserID("@\(name):test.example")) }

    private static func events(_ body: JSONObject, alias: String? = nil) throws -> FirstEvents {
        FirstEvents(
            request: try CreateRoomRequest(BodyFields(body), server: try server()), creator: try user("anna"),
            alias: alias.flatMap { RoomAlias($0) }, profiles: [try user("anna"): ["displayname": "Anna"]])
    }

    private static func genesis() throws -> RoomGenesis {
        RoomGenesis(
            server: try #require(ServerName("test.example")),
            key: try SigningKey(keyID: "ed25519:a", seed: Array(repeating: 7, count: 32)))
    }

    private static func types(_ drafts: [EventDraft]) -> [String] { drafts.map(\.type) }

    private static func content(_ type: String, in drafts: [EventDraft]) throws -> JSONObject {
        try #require(drafts.last { $0.type == type }?.content)
    }

    @Test func theFirstEventsComeInTheOrderOfTheSpecification() throws {
        let events = try Self.events(
            [
                "name": "Pub", "topic": "Beer", "preset": "public_chat", "invite": ["@bert:test.example"],
                "initial_state": [
                    ["type": "m.room.encryption", "content": ["algorithm": "m.megolm.v1.aes-sha2"]],
                    ["type": "m.room.name", "content": ["name": "overwritten"]],
                ],
            ], alias: "#pub:test.example")
        #expect(
            Self.types(events.afterCreate) == [
                "m.room.member", "m.room.power_levels", "m.room.canonical_alias", "m.room.join_rules",
                "m.room.history_visibility", "m.room.guest_access", "m.room.encryption", "m.room.name", "m.room.topic",
            ])
        #expect(events.afterCreate[0].content == ["displayname": "Anna", "membership": "join"])
        #expect(try Self.content("m.room.name", in: events.afterCreate) == ["name": "Pub"])
        #expect(Self.types(events.invites) == ["m.room.member"])
    }

    @Test(arguments: [
        ("private_chat", "invite", "shared", "can_join", Int64(0)),
        ("trusted_private_chat", "invite", "shared", "can_join", 0),
        ("public_chat", "public", "shared", "forbidden", 50),
    ])
    func presetsSetWhatTheSpecificationSays(
        _ preset: String, _ join: String, _ history: String, _ guests: String, _ invite: Int64
    ) throws {
        let drafts = try Self.events(["preset": .string(preset)]).afterCreate
        #expect(try Self.content("m.room.join_rules", in: drafts) == ["join_rule": .string(join)])
        #expect(try Self.content("m.room.history_visibility", in: drafts) == ["history_visibility": .string(history)])
        #expect(try Self.content("m.room.guest_access", in: drafts) == ["guest_access": .string(guests)])
        #expect(try Self.content("m.room.power_levels", in: drafts)["invite"] == .int(invite))
    }

    @Test func visibilityChoosesThePresetAndInitialStateOverridesIt() throws {
        let open = try Self.events(["visibility": "public"]).afterCreate
        #expect(try Self.content("m.room.join_rules", in: open) == ["join_rule": "public"])
        let knock = try Self.events([
            "initial_state": [["type": "m.room.join_rules", "content": ["join_rule": "knock"]]]
        ]).afterCreate
        #expect(knock.filter { $0.type == "m.room.join_rules" }.count == 1)
        #expect(try Self.content("m.room.join_rules", in: knock) == ["join_rule": "knock"])
    }

    @Test func inATrustedChatOfVersion12TheInvitedAreCreators() throws {
        let events = try Self.events([
            "preset": "trusted_private_chat", "invite": ["@bert:test.example", "@cleo:test.example"],
            "creation_content": ["additional_creators": ["@cleo:test.example"], "creator": "@evil:test.example"],
        ])
        #expect(events.createContent["additional_creators"] == ["@cleo:test.example", "@bert:test.example"])
        #expect(events.createContent["creator"] == nil)
        #expect(events.createContent["room_version"] == "12")
        #expect(try Self.content("m.room.power_levels", in: events.afterCreate)["users"] == [:])
        let levels = try Self.content("m.room.power_levels", in: events.afterCreate)["events"]
        #expect(levels?["m.room.tombstone"] == 150)
    }

    @Test func inATrustedChatOfVersion10TheInvitedHaveTheCreatorsPower() throws {
        let events = try Self.events([
            "room_version": "10", "preset": "trusted_private_chat", "invite": ["@bert:test.example"],
        ])
        #expect(events.createContent == ["creator": "@anna:test.example", "room_version": "10"])
        #expect(
            try Self.content("m.room.power_levels", in: events.afterCreate)["users"]
                == ["@anna:test.example": 100, "@bert:test.example": 100])
    }

    @Test func powerLevelsAreOverriddenMemberByMember() throws {
        let events = try Self.events(["power_level_content_override": ["events_default": 50, "users": ["@x:y": 1]]])
        let levels = try Self.content("m.room.power_levels", in: events.afterCreate)
        #expect(levels["events_default"] == 50)
        #expect(levels["users"] == ["@x:y": 1])
        #expect(levels["state_default"] == 50)
    }

    @Test func tombstonesNeedMoreThanStateInVersion12() throws {
        func level(_ version: String, _ override: JSONObject) throws -> JSONValue? {
            let events = try Self.events(
                ["room_version": .string(version), "power_level_content_override": .object(override)])
            return try Self.content("m.room.power_levels", in: events.afterCreate)["events"]?["m.room.tombstone"]
        }
        #expect(try level("12", [:]) == 150)
        #expect(try level("12", ["events": ["m.room.name": 0]]) == 150)
        #expect(try level("12", ["state_default": 200]) == 201)
        #expect(try level("12", ["events": ["m.room.tombstone": 60]]) == 60)
        #expect(try level("12", ["events": "nonsense"]) == nil)
        #expect(try level("11", [:]) == 100)
        #expect(try level("11", ["events": ["m.room.name": 0]]) == nil)
    }

    private static let versions = RoomVersion.supported.map(\.name)

    @Test(arguments: versions, ["private_chat", "trusted_private_chat", "public_chat"])
    func everyVersionsRulesAllowTheFirstEvents(version: String, preset: String) throws {
        let events = try Self.events(
            [
                "room_version": .string(version), "preset": .string(preset), "name": "Pub", "topic": "Beer",
                "invite": ["@bert:test.example"], "creation_content": ["m.federate": false, "type": "m.space"],
            ], alias: "#pub:test.example")
        let start = try Self.genesis().make(events, at: Timestamp(milliseconds: 5))
        let roomVersion = try #require(RoomVersion(version))
        let rules = roomVersion.rules
        let builder = EventBuilder(
            rules: rules, server: try #require(ServerName("test.example")),
            key: try SigningKey(keyID: "ed25519:a", seed: Array(repeating: 7, count: 32)))
        var drafts = start.command.events + events.invites
        var state: [StateMapKey: Event] = [:]
        if let json = start.command.createEvent {
            let id = try EventHashing.eventID(json, format: rules.eventFormat, redact: rules.redactEvent)
            state[.create] = try Event(json: json, id: id, format: rules.eventFormat)
        } else {
            let draft = drafts.removeFirst()
            state[.create] = try builder.buildCreate(
                version: roomVersion, content: draft.content, sender: draft.sender, room: start.room,
                originServerTS: Timestamp(milliseconds: 5))
        }
        var last = try #require(state[.create])
        #expect(authorize(last, state: { _ in nil }, rules: rules).isAllowed)
        for draft in drafts {
            let keys = authEventKeys(
                for: draft.type, stateKey: draft.stateKey, sender: draft.sender, content: draft.content, rules: rules)
            let event = try builder.build(
                room: start.room, type: draft.type, stateKey: draft.stateKey, sender: draft.sender,
                content: draft.content, prev: [last], auth: keys.compactMap { state[$0] },
                originServerTS: Timestamp(milliseconds: 6))
            #expect(authorize(event, state: { state[$0] }, rules: rules) == .allow, "\(draft.type)")
            state[try #require(event.stateMapKey)] = event
            last = event
        }
    }

    @Test func aVersion12RoomIsNamedByItsSignedCreateEvent() throws {
        let start = try Self.genesis().make(try Self.events([:]), at: Timestamp(milliseconds: 5))
        let json = try #require(start.command.createEvent)
        let rules = RoomVersion.default.rules
        let id = try EventHashing.eventID(json, format: rules.eventFormat, redact: { redact($0, rules: rules) })
        #expect(start.room == RoomID(createEvent: id))
        #expect(EventHashing.hasValidContentHash(json))
        #expect(start.command.events.first?.type == "m.room.member")
        #expect(json["room_id"] == nil)
    }

    @Test func anOlderRoomHasARandomIDAndStartsWithItsCreateDraft() throws {
        let events = try Self.events(["room_version": "6"])
        let start = try Self.genesis().make(events, at: Timestamp(milliseconds: 5))
        #expect(start.command.createEvent == nil)
        #expect(start.command.events.first?.type == "m.room.create")
        #expect(start.room.server?.rawValue == "test.example")
        #expect(start.room != (try Self.genesis().make(events, at: Timestamp(milliseconds: 5))).room)
    }

    @Test func directChatsMarkTheirInvites() throws {
        let events = try Self.events(["is_direct": true, "invite": ["@bert:test.example", "@anna:test.example"]])
        #expect(events.invites.map(\.content) == [["is_direct": true, "membership": "invite"]])
    }

    @Test func oneRequestInvitesNoMoreThanItsLimit() throws {
        func body(_ count: Int) -> JSONObject {
            ["invite": .array((0..<count).map { .string("@u\($0):test.example") })]
        }
        _ = try CreateRoomRequest(BodyFields(body(CreateRoomRequest.invitesMax)), server: try Self.server())
        #expect(throws: (any Error).self) {
            try CreateRoomRequest(BodyFields(body(CreateRoomRequest.invitesMax + 1)), server: try Self.server())
        }
    }
}
