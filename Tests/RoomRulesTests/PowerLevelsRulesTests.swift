import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// Rules about changing power levels: nobody touches a level above their own.
@Suite struct PowerLevelsRulesTests {
    private static let named = [
        "users_default", "events_default", "state_default", "ban", "redact", "kick", "invite",
    ]

    /// Bob, at 50, changes `old` to `new`; who may send power levels is not the point here.
    private func change(_ version: Int, from old: JSONObject, to new: JSONObject) throws -> AuthRule? {
        var scene = try RuleScene(version)
        try scene.member(RuleScene.bob, "join")
        try scene.levels(Self.withBob(old))
        return try scene.verdict("m.room.power_levels", key: "", by: RuleScene.bob, Self.withBob(new))
    }

    private static func withBob(_ content: JSONObject) -> JSONObject {
        var content = content
        var users = content["users"]?.objectValue ?? [:]
        if users[RuleScene.bob] == nil { users[RuleScene.bob] = 50 }
        if content["users"] == nil || content["users"]?.objectValue != nil { content["users"] = .object(users) }
        return content
    }

    @Test(arguments: RuleScene.all)
    func namedLevelsChangeUpToOnesOwn(version: Int) throws {
        for name in Self.named where name != "state_default" {
            #expect(try change(version, from: [name: 50], to: [name: 0]) == nil)
            #expect(try change(version, from: [name: 0], to: [name: 50]) == nil)
            #expect(try change(version, from: [name: 51], to: [name: 51]) == nil)
            #expect(try change(version, from: [name: 51], to: [name: 50]) == .levelCurrentAbove, "\(name)")
            #expect(try change(version, from: [name: 51], to: [:]) == .levelCurrentAbove)
            #expect(try change(version, from: [name: 0], to: [name: 51]) == .levelNewAbove)
            #expect(try change(version, from: [:], to: [name: 51]) == .levelNewAbove)
            #expect(try change(version, from: [:], to: [name: 50]) == nil)
        }
        let own: JSONObject = ["events": ["m.room.power_levels": 50]]
        var old = own
        old["state_default"] = 51
        #expect(try change(version, from: old, to: own) == .levelCurrentAbove)
        #expect(try change(version, from: own, to: old) == .levelNewAbove)
    }

    @Test(arguments: RuleScene.all, ["events", "notifications"])
    func entriesChangeUpToOnesOwn(version: Int, map: String) throws {
        // Notifications count from version 6 on.
        let counts = map == "events" || version >= 6
        func entry(_ level: Int64?) -> JSONObject { [map: .object(level.map { ["x": .int($0)] } ?? [:])] }
        #expect(try change(version, from: entry(50), to: entry(nil)) == nil)
        #expect(try change(version, from: entry(nil), to: entry(50)) == nil)
        #expect(try change(version, from: entry(51), to: entry(51)) == nil)
        #expect(try change(version, from: entry(51), to: entry(50)) == (counts ? .entryCurrentAbove : nil))
        #expect(try change(version, from: entry(51), to: entry(nil)) == (counts ? .entryCurrentAbove : nil))
        #expect(try change(version, from: entry(51), to: [:]) == (counts ? .entryCurrentAbove : nil))
        #expect(try change(version, from: entry(50), to: entry(51)) == (counts ? .entryNewAbove : nil))
        #expect(try change(version, from: [:], to: entry(51)) == (counts ? .entryNewAbove : nil))
    }

    @Test(arguments: RuleScene.all)
    func usersChangeBelowOnesOwn(version: Int) throws {
        let carol = RuleScene.carol
        func users(_ level: Int64?) -> JSONObject { ["users": .object(level.map { [carol: .int($0)] } ?? [:])] }
        #expect(try change(version, from: users(49), to: users(0)) == nil)
        #expect(try change(version, from: users(49), to: users(50)) == nil)
        #expect(try change(version, from: users(nil), to: users(50)) == nil)
        #expect(try change(version, from: users(50), to: users(50)) == nil)
        #expect(try change(version, from: users(50), to: users(49)) == .userCurrentNotBelow)
        #expect(try change(version, from: users(50), to: users(nil)) == .userCurrentNotBelow)
        #expect(try change(version, from: users(51), to: users(nil)) == .userCurrentNotBelow)
        #expect(try change(version, from: users(0), to: users(51)) == .userNewAbove)
        #expect(try change(version, from: users(nil), to: users(51)) == .userNewAbove)
    }

    @Test(arguments: RuleScene.all)
    func oneLowersOneself(version: Int) throws {
        func own(_ level: Int64) -> JSONObject { ["users": [RuleScene.bob: .int(level)]] }
        #expect(try change(version, from: own(50), to: own(49)) == nil)
        #expect(try change(version, from: own(50), to: own(51)) == .userNewAbove)
    }

    @Test(arguments: RuleScene.all)
    func theFirstLevelsAreFree(version: Int) throws {
        let scene = try RuleScene(version)
        let content: JSONObject = ["users": [RuleScene.bob: 1_000], "ban": 1_000, "events": ["x": 1_000]]
        #expect(try scene.verdict("m.room.power_levels", key: "", by: RuleScene.alice, content) == nil)
    }

    private static let wrong: [JSONValue] = ["50", .double(50), nil, true, [], [:]]

    @Test(arguments: RuleScene.all)
    func levelsAreIntegersFromVersion10(version: Int) throws {
        for value in Self.wrong {
            for name in Self.named {
                let verdict = try change(version, from: [name: 40], to: [name: value])
                #expect(verdict == (version >= 10 ? .levelsNotIntegers : nil), "\(name) \(value)")
            }
            for map in ["events", "notifications"] {
                let verdict = try change(version, from: [:], to: [map: ["x": value]])
                #expect(verdict == (version >= 10 ? .levelMapsNotIntegers : nil), "\(map) \(value)")
            }
        }
        for map in ["events", "notifications"] {
            for value: JSONValue in [nil, [], 1, "x"] {
                #expect(
                    try change(version, from: [:], to: [map: value]) == (version >= 10 ? .levelMapsNotIntegers : nil))
            }
        }
    }

    @Test(arguments: RuleScene.all)
    func usersAreUserIDsWithLevels(version: Int) throws {
        for value: JSONValue in [nil, [], 1, "x"] {
            #expect(try change(version, from: [:], to: ["users": value]) == .levelUsersInvalid)
        }
        for key in ["bob", "", "@bob", "#bob:b.test", "@b\u{0}b:b.test", "@" + String(repeating: "b", count: 255)] {
            #expect(try change(version, from: [:], to: ["users": [key: 1]]) == .levelUsersInvalid)
        }
        // Historical user IDs are user IDs.
        for key in ["@:b.test", "@B b\u{7f}\u{1}é:b.test"] {
            #expect(try change(version, from: [:], to: ["users": [key: 1]]) == nil)
        }
        let carol = RuleScene.carol
        for value: JSONValue in [nil, true, [1], "x", "1.5", .double(.infinity)] {
            #expect(try change(version, from: [:], to: ["users": [carol: value]]) == .levelUsersInvalid)
        }
        #expect(
            try change(version, from: [:], to: ["users": [carol: "1"]]) == (version < 10 ? nil : .levelUsersInvalid))
        let float = try change(version, from: [:], to: ["users": [carol: .double(1.5)]])
        #expect(float == (version < 6 ? nil : .levelUsersInvalid))
    }

    @Test func hugeLevelsOfOldVersionsStayAboveAll() throws {
        for version in 1...5 {
            #expect(try change(version, from: ["ban": .double(1e300)], to: ["ban": 0]) == .levelCurrentAbove)
            #expect(try change(version, from: [:], to: ["ban": .double(1e300)]) == .levelNewAbove)
        }
        for version in 1...9 {
            #expect(try change(version, from: ["ban": "99999999999999999999"], to: ["ban": 0]) == .levelCurrentAbove)
        }
    }

    @Test func creatorsHaveNoLevelInVersion12() throws {
        let create: JSONObject = ["additional_creators": [.string(RuleScene.bob)]]
        for version in RuleScene.all {
            let scene = try RuleScene(version, createContent: create)
            for creator in [RuleScene.alice, RuleScene.bob] {
                let verdict = try scene.verdict(
                    "m.room.power_levels", key: "", by: RuleScene.alice, ["users": [creator: 100]])
                #expect(verdict == (version < 12 ? nil : .levelOfCreator))
            }
        }
    }

    @Test func creatorsOfVersion12StandAboveEveryLevel() throws {
        let create: JSONObject = ["additional_creators": [.string(RuleScene.bob)]]
        var scene = try RuleScene(12, createContent: create)
        let highest: JSONValue = .int((1 << 53) - 1)
        try scene.member(RuleScene.bob, "join")
        try scene.member(RuleScene.carol, "join")
        try scene.levels(["users": [RuleScene.carol: highest], "ban": highest, "events": ["m.room.tombstone": highest]])
        for creator in [RuleScene.alice, RuleScene.bob] {
            #expect(try scene.membership("ban", by: creator, of: RuleScene.carol) == nil)
            #expect(try scene.verdict("m.room.tombstone", key: "", by: creator) == nil)
            #expect(try scene.verdict("m.room.power_levels", key: "", by: creator, ["users": [:]]) == nil)
            #expect(try scene.membership("ban", by: RuleScene.carol, of: creator) == .banLevel)
            #expect(try scene.membership("leave", by: RuleScene.carol, of: creator) == .kickLevel)
        }
        // Not one creator over another.
        #expect(try scene.membership("leave", by: RuleScene.alice, of: RuleScene.bob) == .kickLevel)
    }

    @Test func tombstonesOfVersion12CanBeLeftToCreators() throws {
        var scene = try RuleScene(12)
        try scene.member(RuleScene.bob, "join")
        try scene.levels(["users": [RuleScene.bob: 100], "events": ["m.room.tombstone": 150]])
        #expect(try scene.verdict("m.room.tombstone", key: "", by: RuleScene.bob) == .requiredLevel)
        #expect(try scene.verdict("m.room.tombstone", key: "", by: RuleScene.alice) == nil)
    }
}
