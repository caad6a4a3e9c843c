import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// Rule 1, and what other events ask of the create event.
@Suite struct CreateRulesTests {
    private func verdict(
        _ version: Int, by sender: String = RuleScene.alice, prev: [String] = [], _ content: JSONObject = [:],
        changes: (inout JSONObject) -> Void = { _ in }
    ) throws -> AuthRule? {
        var content = content
        if version <= 10, content["creator"] == nil { content["creator"] = .string(sender) }
        let scene = try RuleScene(version)
        return scene.verdict(
            try scene.event("m.room.create", key: "", by: sender, content, prev: prev, changes: changes))
    }

    @Test(arguments: RuleScene.all)
    func aRoomBeginsWithItsCreateEvent(version: Int) throws {
        #expect(try verdict(version) == nil)
        #expect(try verdict(version, prev: ["$other"]) == .createHasPrevEvents)
    }

    @Test(arguments: RuleScene.all)
    func theRoomIDIsOfTheCreatorsServer(version: Int) throws {
        let foreign = try verdict(version, by: "@a:other.test")
        #expect(foreign == (version < 12 ? .createRoomIDIsForeign : nil))
        if version == 12 {
            #expect(try verdict(12) { $0["room_id"] = "!create" } == .createHasRoomID)
            #expect(try verdict(12) { $0["room_id"] = nil as JSONValue } == .createHasRoomID)
        }
    }

    @Test(arguments: RuleScene.all)
    func theRoomVersionMustBeKnown(version: Int) throws {
        for name in ["1", "9", "12"] { #expect(try verdict(version, ["room_version": .string(name)]) == nil) }
        for wrong: JSONValue in ["13", "0", "", "org.matrix.msc1", 1, nil, " 1"] {
            #expect(try verdict(version, ["room_version": wrong]) == .createVersionUnknown)
        }
    }

    @Test func theCreatorIsNamedUntilVersion10() throws {
        for version in RuleScene.all {
            let scene = try RuleScene(version)
            let event = try scene.event("m.room.create", key: "", by: RuleScene.alice, [:], prev: [])
            #expect(scene.verdict(event) == (version <= 10 ? .createLacksCreator : nil))
        }
    }

    private static let additionalCreators: [(JSONValue, isValid: Bool)] = [
        ([], true), (["@bob:b.test"], true), (["@bob:b.test", "@B Ö:b.test:8448"], true), (["@:b.test"], true),
        (nil, false), ("@bob:b.test", false), (["bob"], false), (["@bob:b.test", 1], false), ([nil], false),
        (["@bob"], false), (["@b\u{0}b:b.test"], false), ([:], false),
        ([.string("@" + String(repeating: "b", count: 255) + ":b")], false),
    ]

    @Test func additionalCreatorsAreUserIDsInVersion12() throws {
        for (value, isValid) in Self.additionalCreators {
            let expected: AuthRule? = isValid ? nil : .createAdditionalCreatorsInvalid
            #expect(try verdict(12, ["additional_creators": value]) == expected)
            #expect(try verdict(11, ["additional_creators": value]) == nil)
        }
    }

    @Test(arguments: RuleScene.all)
    func otherServersStayOutsideOfAnUnfederatedRoom(version: Int) throws {
        for (value, isOpen): (JSONValue, Bool) in [(true, true), (false, false), ("false", true), (0, true)] {
            var scene = try RuleScene(version, createContent: ["m.federate": value])
            try scene.joinRule("public")
            try scene.member("@ann:a.test", "join")
            try scene.member(RuleScene.bob, "join")
            #expect(try scene.membership("join", by: RuleScene.carol) == (isOpen ? nil : .notFederated))
            #expect(try scene.verdict("m.room.message", by: RuleScene.bob) == (isOpen ? nil : .notFederated))
            #expect(try scene.verdict("m.room.message", by: "@ann:a.test") == nil)
        }
    }

    @Test(arguments: RuleScene.all)
    func withoutItsCreateEventARoomTakesNothing(version: Int) throws {
        var scene = try RuleScene(version)
        scene.remove(.create)
        let expected: AuthRule = version < 12 ? .authEventsLackCreate : .roomIDIsNotCreateEvent
        #expect(try scene.verdict("m.room.message", by: RuleScene.alice) == expected)
    }

    @Test func aVersion12RoomIsItsCreateEventsOwn() throws {
        let scene = try RuleScene(12)
        func message(in room: String) throws -> AuthRule? {
            scene.verdict(
                try scene.event("m.room.message", by: RuleScene.alice, [:]) { $0["room_id"] = .string(room) })
        }
        #expect(try message(in: "!create") == nil)
        #expect(try message(in: "!other") == .roomIDIsNotCreateEvent)
        #expect(try message(in: "!create:a.test") == .roomIDIsNotCreateEvent)
    }
}
