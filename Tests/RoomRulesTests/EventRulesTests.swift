import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// Rules about events in general, aliases, and redactions.
@Suite struct EventRulesTests {
    private let user = RuleScene.bob

    private func scene(_ version: Int, level: Int64, _ content: JSONObject = [:]) throws -> RuleScene {
        var scene = try RuleScene(version)
        try scene.member(user, "join")
        var content = content
        content["users"] = [user: .int(level)]
        try scene.levels(content)
        return scene
    }

    @Test(arguments: RuleScene.all)
    func onlyMembersSend(version: Int) throws {
        for membership in [nil, "leave", "invite", "ban", "knock"] {
            var scene = try scene(version, level: 100)
            try scene.member(user, membership)
            for type in ["m.room.message", "m.room.third_party_invite", "m.room.redaction"] {
                #expect(try scene.verdict(type, by: user) == .senderNotJoined)
            }
            #expect(try scene.verdict("m.room.topic", key: "", by: user) == .senderNotJoined)
        }
    }

    /// What a type needs: its own level, or the default of its kind.
    private static let required: [(content: JSONObject, type: String, isState: Bool, level: Int64)] = [
        ([:], "m.room.message", false, 0), ([:], "m.room.topic", true, 50), ([:], "m.room.message", true, 50),
        (["events_default": 7], "m.room.message", false, 7), (["state_default": 8], "m.room.topic", true, 8),
        (["events": ["m.room.topic": 3]], "m.room.topic", true, 3),
        (["events": ["m.room.topic": 3]], "m.room.topic", false, 3),
        (["events": ["m.room.topic": 3]], "m.room.topic2", true, 50),
        (["events": ["": 9]], "", false, 9),
        // Canonically equivalent names are two types.
        (["events": ["\u{e9}": 9]], "e\u{301}", false, 0),
    ]

    @Test(arguments: RuleScene.all)
    func eventsNeedTheirLevel(version: Int) throws {
        for (content, type, isState, level) in Self.required {
            let key = isState ? "" : nil
            #expect(try scene(version, level: level, content).verdict(type, key: key, by: user) == nil)
            #expect(try scene(version, level: level - 1, content).verdict(type, key: key, by: user) == .requiredLevel)
        }
    }

    @Test(arguments: RuleScene.all)
    func stateUnderAUsersNameIsTheirs(version: Int) throws {
        let scene = try scene(version, level: 100)
        #expect(try scene.verdict("x", key: user, by: user) == nil)
        #expect(try scene.verdict("x", key: RuleScene.carol, by: user) == .stateKeyOfOther)
        #expect(try scene.verdict("x", key: "@", by: user) == .stateKeyOfOther)
        #expect(try scene.verdict("x", key: "_" + RuleScene.carol, by: user) == nil)
        #expect(try scene.verdict("x", key: "b.test", by: user) == nil)
    }

    @Test(arguments: RuleScene.all)
    func thirdPartyInvitesNeedTheInviteLevelOnly(version: Int) throws {
        let content: JSONObject = ["invite": 20, "state_default": 90]
        let type = "m.room.third_party_invite"
        #expect(try scene(version, level: 20, content).verdict(type, key: "token", by: user) == nil)
        #expect(try scene(version, level: 19, content).verdict(type, key: "token", by: user) == .thirdPartyInviteLevel)
        #expect(try scene(version, level: 20, content).verdict(type, key: "@token", by: user) == nil)
    }

    @Test(arguments: RuleScene.all)
    func aliasesAreTheServersOwnUntilVersion5(version: Int) throws {
        var scene = try scene(version, level: 0)
        let type = "m.room.aliases"
        if version <= 5 {
            #expect(try scene.verdict(type, key: "b.test", by: user) == nil)
            #expect(try scene.verdict(type, key: "a.test", by: user) == .aliasesOfOtherServer)
            #expect(try scene.verdict(type, by: user) == .aliasesLackStateKey)
            // Whoever the sender is.
            try scene.member(user, "ban")
            #expect(try scene.verdict(type, key: "b.test", by: user) == nil)
        } else {
            #expect(try scene.verdict(type, key: "b.test", by: user) == .requiredLevel)
            try scene.member(user, "ban")
            #expect(try scene.verdict(type, key: "b.test", by: user) == .senderNotJoined)
        }
    }

    @Test func redactionsAreJudgedInVersions1And2() throws {
        func redaction(_ version: Int, of target: String, level: Int64) throws -> AuthRule? {
            let scene = try scene(version, level: level)
            let event = try scene.event("m.room.redaction", by: user, [:], id: "$event:b.test") {
                $0["redacts"] = .string(target)
            }
            return scene.verdict(event)
        }
        for version in 1...2 {
            #expect(try redaction(version, of: "$x:b.test", level: 0) == nil)
            #expect(try redaction(version, of: "$x:c.test", level: 50) == nil)
            for target in ["$x:c.test", "$x", "$x:b.test:8448", "x", "$x:B.test"] {
                #expect(try redaction(version, of: target, level: 49) == .redactionNotAllowed)
            }
        }
        for version in 3...12 { #expect(try redaction(version, of: "$x:c.test", level: 0) == nil) }
    }

    @Test func redactionsNeedTheLevelOfTheirType() throws {
        for version in RuleScene.all {
            let content: JSONObject = ["events": ["m.room.redaction": 60], "redact": 10]
            #expect(try scene(version, level: 59, content).verdict("m.room.redaction", by: user) == .requiredLevel)
            #expect(try scene(version, level: 60, content).verdict("m.room.redaction", by: user) == nil)
        }
    }
}
