import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// Rules about membership `join`, `knock` and `leave` of one's own.
@Suite struct JoinRulesTests {
    private static let memberships: [String?] = [nil, "leave", "invite", "join", "ban", "knock"]

    /// By join rule, the version that brings it and, for each of `memberships`, what a join gets: y is yes, n no, b banned,
    /// a no authoriser.
    private static let joins: [(rule: String?, since: Int, letters: String)] = [
        ("public", 1, "yyyyby"),
        ("invite", 1, "nnyybn"),
        (nil, 1, "nnyybn"),
        ("knock", 7, "nnyybn"),
        ("restricted", 8, "aayyba"),
        ("knock_restricted", 10, "aayyba"),
        ("private", 13, ""),
        ("Public", 13, ""),
    ]

    @Test(arguments: RuleScene.all)
    func whoMayJoinFollowsTheJoinRule(version: Int) throws {
        let verdicts: [Character: AuthRule] = ["n": .joinNotAllowed, "b": .joinBanned, "a": .joinAuthoriserInvalid]
        for (rule, since, letters) in Self.joins {
            // A rule the version does not know lets nobody in, not even who is in.
            let row = version >= since ? letters : "nnnnbn"
            for (membership, letter) in zip(Self.memberships, row) {
                var scene = try RuleScene(version)
                try scene.joinRule(rule)
                try scene.member(RuleScene.bob, membership)
                let verdict = try scene.membership("join", by: RuleScene.bob)
                #expect(verdict == verdicts[letter], "\(rule ?? "none"), \(membership ?? "none")")
            }
        }
    }

    @Test(arguments: RuleScene.all)
    func nobodyJoinsForSomebodyElse(version: Int) throws {
        var scene = try RuleScene(version)
        try scene.joinRule("public")
        #expect(try scene.membership("join", by: RuleScene.alice, of: RuleScene.bob) == .joinOfOther)
    }

    @Test(arguments: RuleScene.all)
    func theCreatorComesInFirst(version: Int) throws {
        var scene = try RuleScene(version)
        try scene.member(RuleScene.alice, nil)
        #expect(try scene.membership("join", by: RuleScene.alice, prev: ["$create"]) == nil)
        // Only right after the create event, and only there.
        #expect(try scene.membership("join", by: RuleScene.alice, prev: ["$other"]) == .joinNotAllowed)
        #expect(try scene.membership("join", by: RuleScene.alice, prev: ["$create", "$other"]) == .joinNotAllowed)
        #expect(try scene.membership("join", by: RuleScene.bob, prev: ["$create"]) == .joinNotAllowed)
    }

    @Test func theCreatorIsNamedUntilVersion10() throws {
        for version in RuleScene.all {
            var scene = try RuleScene(version)
            try scene.member(RuleScene.alice, nil)
            scene.remove(.create)
            try scene.set("m.room.create", by: RuleScene.alice, ["creator": .string(RuleScene.bob)])
            let create = "$m.room.create-"
            guard version < 12 else { continue }
            let expected: AuthRule? = version <= 10 ? nil : .joinNotAllowed
            #expect(try scene.membership("join", by: RuleScene.bob, prev: [create]) == expected)
            let other: AuthRule? = version <= 10 ? .joinNotAllowed : nil
            #expect(try scene.membership("join", by: RuleScene.alice, prev: [create]) == other)
        }
    }

    @Test func additionalCreatorsNeedAnInvite() throws {
        let scene = try RuleScene(12, createContent: ["additional_creators": [.string(RuleScene.bob)]])
        #expect(try scene.membership("join", by: RuleScene.bob, prev: ["$create"]) == .joinNotAllowed)
    }

    /// By join rule and, for each of `memberships`, what a knock gets: y is yes, n no, m the membership is in the way.
    private static let knocks: [(rule: String?, since: Int, letters: String)] = [
        ("knock", 7, "yymmmy"), ("knock_restricted", 10, "yymmmy"),
        ("public", 13, ""), ("invite", 13, ""), ("restricted", 13, ""), (nil, 13, ""),
    ]

    @Test(arguments: RuleScene.all)
    func whoMayKnockFollowsTheJoinRule(version: Int) throws {
        let verdicts: [Character: AuthRule] = ["n": .knockNotAllowed, "m": .knockMembership]
        for (rule, since, letters) in Self.knocks {
            let row = version >= since ? letters : "nnnnnn"
            for (membership, letter) in zip(Self.memberships, row) {
                var scene = try RuleScene(version)
                try scene.joinRule(rule)
                try scene.member(RuleScene.bob, membership)
                let expected = version >= 7 ? verdicts[letter] : .membershipUnknown
                #expect(try scene.membership("knock", by: RuleScene.bob) == expected, "\(rule ?? "none")")
            }
        }
    }

    @Test func nobodyKnocksForSomebodyElse() throws {
        for version in 7...12 {
            var scene = try RuleScene(version)
            try scene.joinRule("knock")
            #expect(try scene.membership("knock", by: RuleScene.alice, of: RuleScene.bob) == .knockOfOther)
        }
    }

    @Test(arguments: RuleScene.all)
    func oneLeavesWhatOneIsIn(version: Int) throws {
        let letters = version >= 7 ? "nnyyny" : "nnyynn"
        for (membership, letter) in zip(Self.memberships, letters) {
            var scene = try RuleScene(version)
            try scene.member(RuleScene.bob, membership)
            let expected: AuthRule? = letter == "y" ? nil : .leaveNotInRoom
            #expect(try scene.membership("leave", by: RuleScene.bob) == expected, "\(membership ?? "none")")
        }
    }
}
