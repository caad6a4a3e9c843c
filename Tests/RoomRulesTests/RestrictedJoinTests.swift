import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// Joins that a member of the room let pass, from version 8 on.
@Suite struct RestrictedJoinTests {
    private let key = "join_authorised_via_users_server"

    private func scene(_ version: Int, rule: String = "restricted") throws -> RuleScene {
        var scene = try RuleScene(version)
        try scene.joinRule(rule)
        var users: JSONObject = [RuleScene.carol: 50]
        if version < 12 { users[RuleScene.alice] = 100 }
        try scene.levels(["users": .object(users), "invite": 50])
        return scene
    }

    private func join(_ scene: RuleScene, by authoriser: JSONValue, signedBy server: String?) throws -> AuthRule? {
        let event = try scene.event(
            "m.room.member", key: RuleScene.bob, by: RuleScene.bob, ["membership": "join", key: authoriser]
        ) { json in
            json["signatures"] = ["b.test": ["ed25519:1": "s"]]
            if let server { json["signatures"] = ["b.test": ["ed25519:1": "s"], server: ["ed25519:1": "s"]] }
        }
        return scene.verdict(event)
    }

    @Test(arguments: 8...12, ["restricted", "knock_restricted"])
    func whoMayInviteMayAuthorise(version: Int, rule: String) throws {
        guard rule == "restricted" || version >= 10 else { return }
        var scene = try scene(version, rule: rule)
        let carol = JSONValue.string(RuleScene.carol)
        #expect(try join(scene, by: carol, signedBy: "c.test") == .joinAuthoriserInvalid, "carol is not in the room")
        try scene.member(RuleScene.carol, "join")
        #expect(try join(scene, by: carol, signedBy: "c.test") == nil)
        try scene.member(RuleScene.carol, "invite")
        #expect(try join(scene, by: carol, signedBy: "c.test") == .joinAuthoriserInvalid)
        try scene.member("@dan:c.test", "join")
        #expect(try join(scene, by: "@dan:c.test", signedBy: "c.test") == .joinAuthoriserInvalid, "level 0 of 50")
    }

    @Test(arguments: 8...12)
    func theAuthorisersServerMustSign(version: Int) throws {
        var scene = try scene(version)
        try scene.member(RuleScene.carol, "join")
        #expect(try join(scene, by: .string(RuleScene.carol), signedBy: nil) == .authoriserHasNotSigned)
        #expect(try join(scene, by: .string(RuleScene.carol), signedBy: "a.test") == .authoriserHasNotSigned)
        for nonsense: JSONValue in [1, nil, "carol", ["@carol:c.test"]] {
            #expect(try join(scene, by: nonsense, signedBy: "c.test") == .authoriserHasNotSigned)
        }
        // The key is looked at whatever the membership before, and also when the room is public.
        try scene.member(RuleScene.bob, "invite")
        try scene.joinRule("public")
        #expect(try join(scene, by: .string(RuleScene.carol), signedBy: nil) == .authoriserHasNotSigned)
    }

    @Test func theKeyMeansNothingBeforeVersion8() throws {
        for version in 1...7 {
            var scene = try scene(version, rule: "public")
            try scene.member(RuleScene.carol, "join")
            #expect(try join(scene, by: .string(RuleScene.carol), signedBy: nil) == nil)
        }
    }

    @Test func invitedUsersNeedNoAuthoriser() throws {
        for version in 8...12 {
            var scene = try scene(version)
            for membership in ["invite", "join"] {
                try scene.member(RuleScene.bob, membership)
                #expect(try scene.membership("join", by: RuleScene.bob) == nil)
            }
        }
    }
}
