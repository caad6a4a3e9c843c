import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// Rules about changing the membership of others, by level and membership.
@Suite struct MembershipRulesTests {
    private static let moderator = "@mod:m.test"

    /// A room in which a moderator and Bob have these levels.
    private func scene(
        _ version: Int, moderator: Int64, bob: Int64 = 0, bobIs membership: String? = "join", kick: JSONValue = 50
    ) throws -> RuleScene {
        var scene = try RuleScene(version)
        try scene.member(Self.moderator, "join")
        try scene.member(RuleScene.bob, membership)
        try scene.levels([
            "users": [Self.moderator: .int(moderator), RuleScene.bob: .int(bob)], "kick": kick, "ban": 60, "invite": 10,
        ])
        return scene
    }

    private static let kicks: [(moderator: Int64, bob: Int64, membership: String?, expected: AuthRule?)] = [
        (49, 0, "join", .kickLevel), (50, 0, "join", nil), (50, 49, "join", nil), (50, 50, "join", .kickLevel),
        (90, 91, "join", .kickLevel), (50, -1, "invite", nil), (50, 0, "knock", nil), (50, 0, nil, nil),
        (50, 0, "leave", nil),
        // To lift a ban takes both levels.
        (50, 0, "ban", .unbanLevel), (59, 0, "ban", .unbanLevel), (60, 0, "ban", nil), (60, 60, "ban", .kickLevel),
    ]

    @Test(arguments: RuleScene.all)
    func kickingAndUnbanningFollowLevels(version: Int) throws {
        for (moderator, bob, membership, expected) in Self.kicks {
            let scene = try scene(version, moderator: moderator, bob: bob, bobIs: membership)
            let verdict = try scene.membership("leave", by: Self.moderator, of: RuleScene.bob)
            #expect(verdict == expected, "\(moderator) against \(bob), \(membership ?? "none")")
        }
        let high = try scene(version, moderator: 60, bobIs: "ban", kick: 70)
        #expect(try high.membership("leave", by: Self.moderator, of: RuleScene.bob) == .kickLevel)
    }

    private static let bans: [(moderator: Int64, bob: Int64, expected: AuthRule?)] = [
        (59, 0, .banLevel), (60, 0, nil), (60, 59, nil), (60, 60, .banLevel), (60, 100, .banLevel),
    ]

    @Test(arguments: RuleScene.all)
    func banningFollowsLevelsWhateverTheMembership(version: Int) throws {
        for membership in [nil, "leave", "invite", "join", "ban", "knock"] {
            for (moderator, bob, expected) in Self.bans {
                let scene = try scene(version, moderator: moderator, bob: bob, bobIs: membership)
                #expect(try scene.membership("ban", by: Self.moderator, of: RuleScene.bob) == expected)
            }
        }
    }

    @Test(arguments: RuleScene.all)
    func invitingFollowsLevelsAndMembership(version: Int) throws {
        let expected: [(String?, AuthRule?)] = [
            (nil, nil), ("leave", nil), ("invite", nil), ("knock", nil), ("join", .inviteTargetJoinedOrBanned),
            ("ban", .inviteTargetJoinedOrBanned),
        ]
        for (membership, verdict) in expected {
            let allowed = try scene(version, moderator: 10, bobIs: membership)
            #expect(try allowed.membership("invite", by: Self.moderator, of: RuleScene.bob) == verdict)
            let low = try scene(version, moderator: 9, bobIs: membership)
            #expect(try low.membership("invite", by: Self.moderator, of: RuleScene.bob) == verdict ?? .inviteLevel)
        }
    }

    @Test(arguments: RuleScene.all)
    func onlyMembersActOnOthers(version: Int) throws {
        for membership in [nil, "leave", "invite", "ban", "knock"] {
            var scene = try scene(version, moderator: 100)
            try scene.member(Self.moderator, membership)
            #expect(
                try scene.membership("invite", by: Self.moderator, of: RuleScene.carol) == .inviteSenderNotJoined)
            #expect(try scene.membership("leave", by: Self.moderator, of: RuleScene.bob) == .kickSenderNotJoined)
            #expect(try scene.membership("ban", by: Self.moderator, of: RuleScene.bob) == .banSenderNotJoined)
        }
    }

    @Test(arguments: RuleScene.all)
    func memberEventsMustBeWhole(version: Int) throws {
        let scene = try scene(version, moderator: 100)
        let bob = RuleScene.bob
        #expect(try scene.verdict("m.room.member", by: bob, ["membership": "join"]) == .memberIncomplete)
        #expect(try scene.verdict("m.room.member", key: bob, by: bob, [:]) == .memberIncomplete)
        #expect(try scene.verdict("m.room.member", key: bob, by: bob, ["membership": 1]) == .memberIncomplete)
        #expect(try scene.membership("dance", by: bob) == .membershipUnknown)
        #expect(try scene.membership("Join", by: bob) == .membershipUnknown)
    }

    @Test(arguments: RuleScene.all)
    func aStateKeyThatIsNoUserHasTheDefaultLevel(version: Int) throws {
        let scene = try scene(version, moderator: 60)
        #expect(try scene.membership("ban", by: Self.moderator, of: "nobody") == nil)
        #expect(try scene.membership("ban", by: Self.moderator, of: "") == nil)
    }

    @Test(arguments: RuleScene.all)
    func withoutLevelsTheDefaultsAct(version: Int) throws {
        var scene = try RuleScene(version)
        try scene.member(RuleScene.bob, "join")
        try scene.member(RuleScene.carol, "join")
        // The creator has 100, or stands above all; everybody else has 0.
        #expect(try scene.membership("leave", by: RuleScene.alice, of: RuleScene.bob) == nil)
        #expect(try scene.membership("ban", by: RuleScene.alice, of: RuleScene.bob) == nil)
        #expect(try scene.membership("leave", by: RuleScene.bob, of: RuleScene.carol) == .kickLevel)
        #expect(try scene.membership("leave", by: RuleScene.bob, of: RuleScene.alice) == .kickLevel)
        #expect(try scene.membership("ban", by: RuleScene.bob, of: RuleScene.carol) == .banLevel)
        #expect(try scene.membership("invite", by: RuleScene.bob, of: "@dan:d.test") == nil)
    }
}
