import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// Which state an event names as its authorisation, and what is wrong with naming other.
@Suite struct AuthEventsTests {
    private static func member(_ user: String) -> StateMapKey { StateMapKey(type: "m.room.member", stateKey: user) }

    private func keys(
        _ version: Int, _ type: String, key: String? = nil, _ content: JSONObject = [:], by sender: String = "@a:x"
    ) throws -> Set<StateMapKey> {
        let keys = authEventKeys(
            for: type, stateKey: key, sender: try #require(UserID(sender)), content: content,
            rules: try #require(RoomVersion("\(version)")).rules)
        #expect(Set(keys).count == keys.count, "a key is named twice")
        return Set(keys)
    }

    @Test(arguments: RuleScene.all)
    func selectionIsTheSpecs(version: Int) throws {
        // From version 12 on the room's ID stands for the create event.
        let always = Set([.powerLevels, Self.member("@a:x")] + (version < 12 ? [StateMapKey.create] : []))
        let bob = "@b:x"
        #expect(try keys(version, "m.room.create", key: "").isEmpty)
        #expect(try keys(version, "m.room.message") == always)
        #expect(try keys(version, "m.room.topic", key: "") == always)
        #expect(try keys(version, "m.room.member", ["membership": "join"]) == always)
        for membership in ["leave", "ban", "dance"] {
            let content: JSONObject = ["membership": .string(membership)]
            #expect(try keys(version, "m.room.member", key: bob, content) == always.union([Self.member(bob)]))
            #expect(try keys(version, "m.room.member", key: "@a:x", content) == always)
        }
        for membership in ["join", "invite", "knock"] {
            let content: JSONObject = ["membership": .string(membership)]
            let expected = always.union([Self.member(bob), .joinRules])
            #expect(try keys(version, "m.room.member", key: bob, content) == expected)
        }
    }

    @Test(arguments: RuleScene.all)
    func invitesAndJoinsNameWhoLetThem(version: Int) throws {
        let token = StateMapKey(type: "m.room.third_party_invite", stateKey: "t")
        let third: JSONValue = ["signed": ["token": "t"]]
        #expect(
            try keys(version, "m.room.member", key: "@b:x", ["membership": "invite", "third_party_invite": third])
                .contains(token))
        #expect(
            try !keys(version, "m.room.member", key: "@b:x", ["membership": "join", "third_party_invite": third])
                .contains(token))
        let key = "join_authorised_via_users_server"
        let join = try keys(version, "m.room.member", key: "@a:x", ["membership": "join", key: "@c:x"])
        #expect(join.contains(Self.member("@c:x")) == (version >= 8))
        let knock = try keys(version, "m.room.member", key: "@a:x", ["membership": "knock", key: "@c:x"])
        #expect(!knock.contains(Self.member("@c:x")))
    }

    /// Judges a message of Bob's that names these of the scene's state.
    private func verdict(
        _ version: Int, rejected: [StateMapKey] = [], _ change: (inout [Event], RuleScene) throws -> Void = { _, _ in }
    ) throws -> AuthRule? {
        var scene = try RuleScene(version)
        try scene.member(RuleScene.bob, "join")
        try scene.levels([:])
        let event = try scene.event("m.room.message", by: RuleScene.bob, [:])
        var named = authEventKeys(for: event, rules: scene.rules).compactMap { scene.state[$0] }
        try change(&named, scene)
        let rejectedIDs = Set(rejected.compactMap { scene.state[$0]?.id })
        switch authorizeAuthEvents(
            of: event, authEvents: named, isRejected: { rejectedIDs.contains($0) }, rules: scene.rules)
        {
        case .allow: return nil
        case .reject(let rejection): return rejection.rule
        }
    }

    @Test(arguments: RuleScene.all)
    func namedEventsAreChecked(version: Int) throws {
        #expect(try verdict(version) == nil)
        // Leaving out what is not needed to be there is no offence.
        #expect(try verdict(version) { named, _ in named.removeAll { $0.isType("m.room.power_levels") } } == nil)
        #expect(
            try verdict(version) { named, scene in
                named.append(try scene.event("m.room.member", key: RuleScene.bob, by: RuleScene.bob, [:], id: "$two"))
            } == .authEventsDuplicate)
        #expect(
            try verdict(version) { named, scene in
                named.append(try scene.event("m.room.topic", key: "", by: RuleScene.alice, [:], id: "$t"))
            } == .authEventsUnexpected)
        #expect(
            try verdict(version) { named, scene in
                named.append(try scene.event("m.room.message", by: RuleScene.alice, [:], id: "$t"))
            } == .authEventsUnexpected)
        #expect(try verdict(version, rejected: [.powerLevels]) == .authEventsRejected)
        #expect(
            try verdict(version) { named, scene in
                named.removeAll { $0.isType("m.room.member") }
                named.append(
                    try scene.event("m.room.member", key: RuleScene.bob, by: RuleScene.bob, [:], id: "$foreign") {
                        $0["room_id"] = "!foreign:a.test"
                    })
            } == .authEventsOfOtherRoom)
    }

    @Test func theCreateEventIsNamedUntilVersion11() throws {
        for version in RuleScene.all {
            let without = try verdict(version) { named, _ in named.removeAll { $0.isType("m.room.create") } }
            #expect(without == (version < 12 ? .authEventsLackCreate : nil))
            let rejected = try verdict(version, rejected: [.create])
            #expect(rejected == (version < 12 ? .authEventsRejected : .roomIDIsNotCreateEvent))
        }
        let named = try verdict(12) { named, scene in named.append(try #require(scene.state[.create])) }
        #expect(named == .authEventsUnexpected)
    }

    /// The numbers that room versions give to a rule.
    private static let numbers: [(AuthRule, [ClosedRange<Int>: String])] = [
        (.createLacksCreator, [1...10: "1.4"]), (.createAdditionalCreatorsInvalid, [12...12: "1.4"]),
        (.roomIDIsNotCreateEvent, [12...12: "2"]),
        (.authEventsLackCreate, [1...11: "2.4"]), (.authEventsOfOtherRoom, [1...11: "2.5", 12...12: "3.5"]),
        (.notFederated, [1...11: "3", 12...12: "4"]), (.aliasesOfOtherServer, [1...5: "4.2"]),
        (.memberIncomplete, [1...5: "5.1", 6...11: "4.1", 12...12: "5.1"]),
        (.authoriserHasNotSigned, [8...11: "4.2.1", 12...12: "5.2.1"]),
        (.joinNotAllowed, [1...5: "5.2.6", 6...7: "4.2.6", 8...11: "4.3.7", 12...12: "5.3.7"]),
        (.inviteLevel, [1...5: "5.3.5", 6...7: "4.3.5", 8...11: "4.4.5", 12...12: "5.4.5"]),
        (.kickLevel, [1...5: "5.4.5", 6...7: "4.4.5", 8...11: "4.5.5", 12...12: "5.5.5"]),
        (.banLevel, [1...5: "5.5.3", 6...7: "4.5.3", 8...11: "4.6.3", 12...12: "5.6.3"]),
        (.knockMembership, [7...7: "4.6.4", 8...11: "4.7.4", 12...12: "5.7.4"]),
        (.membershipUnknown, [1...5: "5.6", 6...6: "4.6", 7...7: "4.7", 8...11: "4.8", 12...12: "5.8"]),
        (.senderNotJoined, [1...5: "6", 6...11: "5", 12...12: "6"]),
        (.requiredLevel, [1...5: "8", 6...11: "7", 12...12: "8"]),
        (.levelUsersInvalid, [1...5: "10.1", 6...9: "9.1", 10...11: "9.3", 12...12: "10.3"]),
        (.levelNewAbove, [1...5: "10.3.2", 6...9: "9.3.2", 10...11: "9.5.2", 12...12: "10.6.2"]),
        (.userNewAbove, [1...5: "10.7.1", 6...9: "9.7.1", 10...11: "9.9.1", 12...12: "10.10.1"]),
        (.redactionNotAllowed, [1...2: "11.3"]),
    ]

    @Test func rulesHaveTheSpecsNumbers() throws {
        for (rule, versions) in Self.numbers {
            for (range, number) in versions {
                for version in range {
                    let rules = try #require(RoomVersion("\(version)")).rules
                    #expect(rule.number(in: rules) == number, "\(rule) in version \(version)")
                }
            }
        }
    }

    @Test func everyRuleHasASentence() {
        for rule in AuthRule.allCases { #expect(rule.sentence != "The event is not allowed.", "\(rule)") }
    }
}
