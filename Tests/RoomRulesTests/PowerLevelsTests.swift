import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// How levels are read: defaults, strings and fractions of old versions, creators.
@Suite struct PowerLevelsTests {
    private func levels(_ version: Int, _ content: JSONObject?, create: JSONObject = [:]) throws -> PowerLevels {
        var scene = try RuleScene(version, createContent: create)
        if let content { try scene.levels(content) }
        return PowerLevels(event: scene.state[.powerLevels], create: scene.state[.create], rules: scene.rules)
    }

    private func user(_ text: String) throws -> UserID { try #require(UserID(text)) }

    @Test(arguments: RuleScene.all)
    func defaultsAreTheSpecs(version: Int) throws {
        for content in [nil, [:] as JSONObject] {
            let levels = try levels(version, content)
            #expect(levels.ban == 50)
            #expect(levels.kick == 50)
            #expect(levels.redact == 50)
            #expect(levels.invite == 0)
            #expect(levels.usersDefault == 0)
            #expect(levels.eventsDefault == 0)
            #expect(levels.stateDefault == 50)
            #expect(levels.notification("room") == 50)
            #expect(try levels.level(of: user(RuleScene.bob)) == 0)
        }
    }

    @Test(arguments: RuleScene.all)
    func creatorsAreAboveAllFromVersion12(version: Int) throws {
        let alice = try user(RuleScene.alice)
        let bob = try user(RuleScene.bob)
        let create: JSONObject = ["additional_creators": [.string(RuleScene.bob)]]
        let without = try levels(version, nil, create: create)
        let with = try levels(version, ["users_default": 5], create: create)
        #expect(without.level(of: alice) == (version < 12 ? 100 : PowerLevels.infinite))
        #expect(with.level(of: alice) == (version < 12 ? 5 : PowerLevels.infinite))
        #expect(without.level(of: bob) == (version < 12 ? 0 : PowerLevels.infinite))
        #expect(with.level(of: bob) == (version < 12 ? 5 : PowerLevels.infinite))
    }

    /// A level as JSON, and what versions 1 to 5, 6 to 9 and 10 to 12 read: `nil` for what is no level.
    private static let readings: [(json: JSONValue, old: Int64?, strict: Int64?, integers: Int64?)] = [
        (7, 7, 7, 7), (-7, -7, -7, -7), (9_007_199_254_740_991, 1 << 53 - 1, 1 << 53 - 1, 1 << 53 - 1),
        ("7", 7, 7, nil), ("007", 7, 7, nil), ("+7", 7, 7, nil), ("-7", -7, -7, nil), (" \t\n7\r ", 7, 7, nil),
        (" +007 ", 7, 7, nil),
        ("7.0", nil, nil, nil), ("7e1", nil, nil, nil), ("", nil, nil, nil), (" ", nil, nil, nil), ("+", nil, nil, nil),
        ("--7", nil, nil, nil), ("7 7", nil, nil, nil), ("0x7", nil, nil, nil), ("٧", nil, nil, nil),
        ("99999999999999999999", .max, .max, nil), ("-99999999999999999999", .min, .min, nil),
        (.double(50.57), 50, nil, nil), (.double(-50.57), -50, nil, nil), (.double(5.114698e4), 51_146, nil, nil),
        (.double(1e300), .max, nil, nil), (.double(-1e300), .min, nil, nil), (.double(1e-300), 0, nil, nil),
        (nil, nil, nil, nil), (true, nil, nil, nil), ([7], nil, nil, nil), (["a": 7], nil, nil, nil),
    ]

    @Test(arguments: RuleScene.all)
    func levelsAreReadAsTheVersionHasThem(version: Int) throws {
        for (json, old, strict, integers) in Self.readings {
            let expected = version <= 5 ? old : version <= 9 ? strict : integers
            let levels = try levels(
                version, ["ban": json, "users": [RuleScene.bob: json], "events": ["x": json], "users_default": 3])
            #expect(levels.ban == expected ?? 50, "\(json)")
            #expect(try levels.level(of: user(RuleScene.bob)) == expected ?? 3, "\(json)")
            #expect(levels.required(type: "x", isState: false) == expected ?? 0, "\(json)")
        }
    }

    @Test func namesAreComparedByBytes() throws {
        let levels = try levels(11, ["users": ["@\u{e9}:b.test": 9], "notifications": ["room": 4]])
        #expect(try levels.level(of: user("@\u{e9}:b.test")) == 9)
        #expect(try levels.level(of: user("@e\u{301}:b.test")) == 0)
        #expect(levels.notification("room") == 4)
    }

    @Test(arguments: 1...5)
    func equalLevelsWrittenDifferentlyAreNoChange(version: Int) throws {
        var scene = try RuleScene(version)
        try scene.member(RuleScene.bob, "join")
        try scene.levels(["users": [RuleScene.bob: 50, RuleScene.carol: .double(90.5)], "ban": "90"])
        let content: JSONObject = ["users": [RuleScene.bob: "50", RuleScene.carol: 90], "ban": .double(90.9)]
        #expect(try scene.verdict("m.room.power_levels", key: "", by: RuleScene.bob, content) == nil)
    }
}
