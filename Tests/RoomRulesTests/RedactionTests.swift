import CanonicalJSON
import RoomRules
import Testing

/// What redaction leaves, by version and type.
@Suite struct RedactionTests {
    private static let eventKeys = [
        "auth_events", "content", "depth", "event_id", "hashes", "membership", "origin", "origin_server_ts",
        "prev_events", "prev_state", "room_id", "sender", "signatures", "state_key", "type",
    ]

    /// By type: the keys of content that stay, with the first and last version that keep them.
    private static let content: [(type: String, kept: [String: ClosedRange<Int>])] = [
        ("m.room.member", ["membership": 1...12, "join_authorised_via_users_server": 9...12]),
        ("m.room.create", ["creator": 1...12, "room_version": 11...12, "anything": 11...12]),
        ("m.room.join_rules", ["join_rule": 1...12, "allow": 8...12]),
        (
            "m.room.power_levels",
            [
                "ban": 1...12, "events": 1...12, "events_default": 1...12, "kick": 1...12, "redact": 1...12,
                "state_default": 1...12, "users": 1...12, "users_default": 1...12, "invite": 11...12,
            ]
        ),
        ("m.room.aliases", ["aliases": 1...5]),
        ("m.room.history_visibility", ["history_visibility": 1...12]),
        ("m.room.redaction", ["redacts": 11...12]),
        ("m.room.message", [:]), ("m.room.topic", [:]), ("m.room.member ", [:]), ("", [:]),
    ]

    private static let offered = [
        "membership", "join_authorised_via_users_server", "creator", "room_version", "anything", "join_rule", "allow",
        "ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default", "invite",
        "notifications", "aliases", "history_visibility", "redacts", "reason", "body", "displayname",
    ]

    @Test(arguments: RuleScene.all)
    func contentKeepsWhatRulesNeed(version: Int) throws {
        let rules = try #require(RoomVersion("\(version)")).rules
        let whole = JSONObject(Self.offered.map { ($0, .string("value of \($0)")) })
        for (type, kept) in Self.content {
            let event: JSONObject = ["type": .string(type), "content": .object(whole)]
            let result = try #require(redact(event, rules: rules)["content"]?.objectValue)
            let isWhole = type == "m.room.create" && version >= 11
            let expected = isWhole ? Self.offered : kept.filter { $0.value.contains(version) }.map(\.key)
            #expect(result.keys.sorted() == expected.sorted(), "\(type)")
            for key in result.keys { #expect(result[key] == whole[key]) }
        }
    }

    @Test(arguments: RuleScene.all)
    func theEventKeepsItsFrame(version: Int) throws {
        let rules = try #require(RoomVersion("\(version)")).rules
        var event = JSONObject((Self.eventKeys + ["unsigned", "redacts", "prev_content", "x"]).map { ($0, 1) })
        event["type"] = "m.room.message"
        event["content"] = ["body": "b"]
        let gone = version >= 11 ? ["origin", "membership", "prev_state"] : []
        let kept = redact(event, rules: rules)
        #expect(kept.keys == Self.eventKeys.filter { !gone.contains($0) })
        #expect(kept["content"] == [:])
    }

    @Test(arguments: RuleScene.all)
    func signedThirdPartyInvitesStayFromVersion11(version: Int) throws {
        let rules = try #require(RoomVersion("\(version)")).rules
        let keeps = version >= 11
        func content(_ third: JSONValue) -> JSONValue? {
            redact(
                ["type": "m.room.member", "content": ["membership": "invite", "third_party_invite": third]],
                rules: rules)["content"]
        }
        let signed: JSONValue = ["signed": ["mxid": "m"], "display_name": "d"]
        #expect(
            content(signed)
                == (keeps
                    ? ["membership": "invite", "third_party_invite": ["signed": ["mxid": "m"]]]
                    : ["membership": "invite"]))
        #expect(content("nonsense") == ["membership": "invite"])
    }

    @Test(arguments: RuleScene.all)
    func redactingTwiceChangesNothing(version: Int) throws {
        let rules = try #require(RoomVersion("\(version)")).rules
        for (type, _) in Self.content {
            let event: JSONObject = [
                "type": .string(type), "content": .object(JSONObject(Self.offered.map { ($0, ["signed": 1]) })),
                "unsigned": [:], "origin": "o",
            ]
            let once = redact(event, rules: rules)
            #expect(redact(once, rules: rules) == once)
        }
    }

    @Test func nonsenseIsRedactedToNothing() throws {
        let rules = RoomVersion.default.rules
        #expect(redact([:], rules: rules) == [:])
        #expect(redact(["content": "x", "type": 1], rules: rules) == ["content": [:], "type": 1])
    }
}
