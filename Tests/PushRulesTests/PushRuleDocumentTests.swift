import CanonicalJSON
import Identifiers
import PushRules
import Testing

/// Changing push rules, and how what is unread is counted under them.
@Suite struct PushRuleDocumentTests {
    private typealias Scene = PushRuleScene
    private let none: JSONObject = ["conditions": [], "actions": []]

    private func names(_ document: PushRuleDocument, _ kind: PushRuleKind) -> [String] {
        document[kind].compactMap { $0["rule_id"]?.stringValue }
    }

    @Test func everybodyHasTheRulesOfTheSpecification() throws {
        let document = try Scene().document()
        #expect(
            names(document, .override) == [
                ".m.rule.master", ".m.rule.suppress_notices", ".m.rule.invite_for_me", ".m.rule.member_event",
                ".m.rule.is_user_mention", ".m.rule.is_room_mention", ".m.rule.tombstone", ".m.rule.reaction",
                ".m.rule.room.server_acl", ".m.rule.suppress_edits",
            ])
        #expect(
            names(document, .underride) == [
                ".m.rule.call", ".m.rule.encrypted_room_one_to_one", ".m.rule.room_one_to_one", ".m.rule.message",
                ".m.rule.encrypted",
            ])
        for kind in PushRuleKind.allCases {
            for rule in document[kind] {
                #expect(rule["default"] == true)
                #expect(rule["enabled"] == .bool(rule["rule_id"] != ".m.rule.master"))
            }
        }
    }

    /// What is not in the specification yet has names that say so, and a kind of its own.
    @Test func everybodyHasRulesForThreads() throws {
        let document = try Scene().document()
        #expect(
            document[.postcontent].map { JSONValue.object($0) } == [
                [
                    "rule_id": ".io.element.msc4306.rule.unsubscribed_thread", "default": true, "enabled": true,
                    "conditions": [["kind": "io.element.msc4306.thread_subscription", "subscribed": false]],
                    "actions": [],
                ],
                [
                    "rule_id": ".io.element.msc4306.rule.subscribed_thread", "default": true, "enabled": true,
                    "conditions": [["kind": "io.element.msc4306.thread_subscription", "subscribed": true]],
                    "actions": ["notify", ["set_tweak": "sound", "value": "default"]],
                ],
            ])
        #expect(PushRuleKind.allCases.map(\.rawValue).dropFirst().prefix(3) == ["content", "postcontent", "room"])
        #expect(PushRuleKind.allCases.filter { !$0.takesOwnRules } == [.postcontent])
    }

    @Test func newRulesAreTheMostImportantUnlessPutBesideAnother() throws {
        let scene = try Scene()
        let document = try scene.document([
            Scene.set(.override, "a", none), Scene.set(.override, "b", none),
            Scene.set(.override, "c", none, after: "a"), Scene.set(.override, "d", none, before: "a"),
            // Set again it stays where it is, and off.
            Scene.enable(.override, "a", false), Scene.set(.override, "a", none),
        ])
        #expect(
            names(document, .override).prefix(6) == [".m.rule.master", "b", "d", "a", "c", ".m.rule.suppress_notices"])
        #expect(document.rule("a", .override)?["enabled"] == false)
        #expect(document.rule("a", .override)?["default"] == false)
        var moved = document
        try moved.apply(Scene.set(.override, "c", none, before: "b"))
        #expect(names(moved, .override).prefix(5) == [".m.rule.master", "c", "b", "d", "a"])
        try moved.apply(PushRuleChange(kind: .override, name: "b", what: .remove))
        #expect(moved.rule("b", .override) == nil)
    }

    @Test func whatCannotBeIsRefused() throws {
        var document = try Scene().document()
        #expect(throws: PushRuleProblem.reserved(".mine")) { try document.apply(Scene.set(.override, ".mine", none)) }
        #expect(throws: PushRuleProblem.unknown("x")) {
            try document.apply(PushRuleChange(kind: .room, name: "x", what: .remove))
        }
        #expect(throws: PushRuleProblem.unknown(".m.rule.message")) {
            try document.apply(PushRuleChange(kind: .underride, name: ".m.rule.message", what: .remove))
        }
        #expect(throws: PushRuleProblem.unknownNeighbour(".m.rule.master")) {
            try document.apply(Scene.set(.override, "a", none, after: ".m.rule.master"))
        }
        #expect(throws: PushRuleProblem.unknownNeighbour("b")) {
            try document.apply(Scene.set(.override, "a", none, before: "b"))
        }
        #expect(throws: PushRuleProblem.unknown("gone")) { try document.apply(Scene.enable(.content, "gone", true)) }
    }

    @Test func whatOneHasMadeOfTheUsualRulesIsKept() throws {
        let scene = try Scene()
        let document = try scene.document([
            Scene.enable(.underride, ".m.rule.message", false),
            PushRuleChange(kind: .underride, name: ".m.rule.call", what: .act(["notify"])),
        ])
        #expect(document.rule(".m.rule.message", .underride)?["enabled"] == false)
        #expect(document.rule(".m.rule.call", .underride)?["actions"] == ["notify"])
        // Rules of servers and times that are gone are not brought along.
        let old: JSONObject = [
            "global": ["override": [["rule_id": ".m.rule.contains_display_name", "actions": ["notify"]]]]
        ]
        #expect(PushRuleDocument(old, of: scene.me).rule(".m.rule.contains_display_name", .override) == nil)
    }

    @Test func countingFollowsTheRules() throws {
        let scene = try Scene()
        let (room, other) = (scene.room, try #require(RoomID("!other:x")))
        func mute(_ room: RoomID) -> PushRuleChange {
            Scene.set(
                .override, room.rawValue,
                [
                    "conditions": [["kind": "event_match", "key": "room_id", "pattern": .string(room.rawValue)]],
                    "actions": [],
                ])
        }
        let keyword = Scene.set(.content, "cake", ["pattern": "cake", "actions": ["notify"]])
        #expect(try scene.rules().counting(in: room) == .usual)
        #expect(try scene.rules([mute(room)]).counting(in: room) == .nothing)
        #expect(try scene.rules([mute(room)]).counting(in: other) == .usual)
        #expect(try scene.rules([keyword, mute(room)]).counting(in: room) == .nothing)
        #expect(try scene.rules([keyword]).counting(in: room) == .oneByOne)
        let mentions = Scene.set(.room, room.rawValue, ["actions": []])
        #expect(try scene.rules([mentions]).counting(in: room) == .highlightsOnly)
        #expect(try scene.rules([mentions]).counting(in: other) == .usual)
        #expect(try scene.rules([mentions, keyword]).counting(in: room) == .oneByOne)
        #expect(try scene.rules([Scene.enable(.override, ".m.rule.master", true)]).counting(in: room) == .nothing)
        #expect(try scene.rules([Scene.enable(.underride, ".m.rule.message", false)]).counting(in: room) == .oneByOne)
        let threads = Scene.enable(.postcontent, ".io.element.msc4306.rule.unsubscribed_thread", false)
        #expect(try scene.rules([threads]).counting(in: room) == .oneByOne)
        // How it sounds changes nothing.
        let loud = PushRuleChange(
            kind: .underride, name: ".m.rule.message",
            what: .act(["notify", ["set_tweak": "sound", "value": "default"]]))
        #expect(try scene.rules([loud]).counting(in: room) == .usual)
    }
}
