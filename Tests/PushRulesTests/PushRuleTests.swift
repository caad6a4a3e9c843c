import CanonicalJSON
import Events
import Identifiers
import PushRules
import Testing

/// What push rules make of events: those that everybody has, and one's own.
@Suite struct PushRuleTests {
    private typealias Scene = PushRuleScene

    @Test func messagesNotifyAndOnesOwnDoNot() throws {
        let scene = try Scene()
        let usual = try #require(try scene.actions(try scene.event()))
        #expect(usual.notifies && !usual.isHighlight && usual.tweaks["sound"] == nil)
        #expect(try scene.actions(try scene.event(), members: 2)?.tweaks["sound"] == "default")
        #expect(try scene.actions(try scene.event(by: scene.me)) == nil)
        let encrypted = try scene.event([:], type: "m.room.encrypted")
        #expect(try scene.actions(encrypted)?.notifies == true)
        #expect(try scene.actions(encrypted, members: 2)?.tweaks["sound"] == "default")
        #expect(try scene.actions(try scene.event([:], type: "m.call.invite"))?.tweaks["sound"] == "ring")
        #expect(try scene.actions(try scene.event([:], type: "org.example.odd")) == nil)
    }

    @Test func noticesEditsReactionsAndMembersAreSilent() throws {
        let scene = try Scene()
        let silent = [
            try scene.event(["msgtype": "m.notice", "body": "x"]),
            try scene.event(["msgtype": "m.text", "m.relates_to": ["rel_type": "m.replace", "event_id": "$a"]]),
            try scene.event(["m.relates_to": ["rel_type": "m.annotation"]], type: "m.reaction"),
            try scene.event(["membership": "join"], type: "m.room.member", stateKey: "@c:x"),
            try scene.event([:], type: "m.room.server_acl", stateKey: ""),
        ]
        for event in silent { #expect(try scene.actions(event)?.notifies == false, "\(event.type)") }
        let invite = try scene.event(["membership": "invite"], type: "m.room.member", stateKey: scene.me.rawValue)
        #expect(try scene.actions(invite)?.notifies == true)
        let tombstone = try scene.event([:], type: "m.room.tombstone", stateKey: "")
        #expect(try scene.actions(tombstone)?.isHighlight == true)
    }

    @Test func mentionsSingleOutWhoMayBeMentioned() throws {
        let scene = try Scene()
        let mine: JSONValue = ["user_ids": ["@x:y", .string(scene.me.rawValue)]]
        let me = try scene.event(["body": "x", "m.mentions": mine])
        #expect(try scene.actions(me)?.isHighlight == true)
        #expect(
            try scene.actions(try scene.event(["body": "anna", "m.mentions": ["user_ids": ["@x:y"]]]))?.isHighlight
                == false)
        #expect(try scene.actions(try scene.event(["body": "anna @room"]))?.isHighlight == false, "words alone do not")
        let all = try scene.event(["body": "x", "m.mentions": ["room": true]])
        #expect(try scene.actions(all)?.isHighlight == true)
        #expect(try scene.actions(all, mayNotify: false)?.isHighlight == false)
        #expect(try scene.actions(try scene.event(["m.mentions": ["room": "true"]]))?.isHighlight == false)
        // Mentions come before edits, and after notices.
        let edit = try scene.event(["m.mentions": mine, "m.relates_to": ["rel_type": "m.replace"]])
        #expect(try scene.actions(edit)?.isHighlight == true)
        #expect(try scene.actions(try scene.event(["msgtype": "m.notice", "m.mentions": mine]))?.notifies == false)
    }

    @Test func theKindsOfRulesAreGoneThroughInOrder() throws {
        let scene = try Scene()
        let room = scene.room.rawValue
        func tweak(_ name: String) -> JSONObject {
            ["actions": ["notify", ["set_tweak": "sound", "value": .string(name)]]]
        }
        func with(_ rule: JSONObject, _ more: JSONObject) -> JSONObject {
            var rule = rule
            for member in more.members { rule[member.key] = member.value }
            return rule
        }
        var changes = [
            Scene.set(.underride, "u", with(tweak("underride"), ["conditions": []])),
            Scene.set(.sender, scene.other.rawValue, tweak("sender")), Scene.set(.room, room, tweak("room")),
            Scene.set(.content, "c", with(tweak("content"), ["pattern": "hel*"])),
            Scene.set(.override, "o", with(tweak("override"), ["conditions": []])),
        ]
        for expected in ["override", "content", "room", "sender", "underride"] {
            let actions = try scene.actions(try scene.event(), changes)
            #expect(actions?.tweaks["sound"] == .string(expected))
            changes.removeLast()
        }
        // Turned off it is passed over; the master rule is before everything.
        let off = [
            Scene.set(.room, room, tweak("room")), Scene.enable(.room, room, false),
        ]
        #expect(try scene.actions(try scene.event(), off)?.tweaks["sound"] == nil)
        let master = [
            Scene.set(.override, "o", with(tweak("override"), ["conditions": []])),
            Scene.enable(.override, ".m.rule.master", true),
        ]
        #expect(try scene.actions(try scene.event(), master)?.notifies == false)
    }

    @Test func conditionsAskForWhatTheySay() throws {
        let scene = try Scene()
        let event = try scene.event([
            "body": "Lunch is ready", "m.federate": true, "n": 3, "list": ["a", 1, .null], "nothing": .null,
        ])
        func holds(_ condition: JSONValue, members: Int = 3, mayNotify: Bool = true, name: String? = nil) throws -> Bool
        {
            let rule = Scene.set(
                .override, "o", ["conditions": [condition], "actions": [["set_tweak": "x", "value": 1]]])
            return try scene.actions(event, [rule], members: members, mayNotify: mayNotify, name: name)?.tweaks["x"]
                == 1
        }
        func property(_ kind: String, _ key: String, _ value: JSONValue) -> JSONValue {
            ["kind": .string(kind), "key": .string(key), "value": value]
        }
        #expect(try holds(["kind": "event_match", "key": "content.body", "pattern": "lunch"]))
        #expect(try !holds(["kind": "event_match", "key": "content.body", "pattern": "lun"]))
        #expect(try !holds(["kind": "event_match", "key": "content.none", "pattern": "*"]))
        #expect(try !holds(["kind": "event_match", "key": "content.n", "pattern": "*"]))
        #expect(try holds(["kind": "event_match", "key": "room_id", "pattern": "!R:X"]))
        #expect(try holds(property("event_property_is", "content.m\\.federate", true)))
        #expect(try !holds(property("event_property_is", "content.m\\.federate", "true")))
        #expect(try holds(property("event_property_is", "content.nothing", .null)))
        #expect(try !holds(property("event_property_is", "content.gone", .null)))
        #expect(try holds(property("event_property_is", "content.n", 3)))
        #expect(try holds(property("event_property_contains", "content.list", 1)))
        #expect(try !holds(property("event_property_contains", "content.list", "1")))
        #expect(try !holds(property("event_property_contains", "content.n", 3)))
        for (text, count, expected) in [
            ("3", 3, true), ("==3", 3, true), ("<3", 3, false), ("<=3", 3, true), (">2", 3, true), (">=4", 3, false),
            ("x", 3, false), ("", 3, false), ("-1", 3, false),
        ] {
            #expect(
                try holds(["kind": "room_member_count", "is": .string(text)], members: count) == expected, "\(text)")
        }
        #expect(try holds(["kind": "sender_notification_permission", "key": "room"]))
        #expect(try !holds(["kind": "sender_notification_permission", "key": "room"], mayNotify: false))
        #expect(try holds(["kind": "contains_display_name"], name: "is ready"))
        #expect(try !holds(["kind": "contains_display_name"], name: "rea"))
        #expect(try !holds(["kind": "contains_display_name"]))
        let thread = "io.element.msc4306.thread_subscription"
        #expect(try !holds(["kind": .string(thread), "subscribed": false]), "it is in no thread")
        #expect(try !holds(["kind": .string(thread)]))
        for unknown in ["org.example.unknown", "unread_count", "device"] {
            #expect(try !holds(["kind": .string(unknown), "key": "content.body", "is": ">=0"]))
        }
    }

    /// MSC4306: of a thread that one follows one hears whatever it is, of another what singles one out.
    @Test func whoFollowsThreadsHearsOfThose() throws {
        let scene = try Scene()
        let thread: JSONValue = ["rel_type": "m.thread", "event_id": "$root"]
        func event(_ more: JSONObject = [:], type: String = "m.room.message") throws -> Event {
            var content: JSONObject = ["msgtype": "m.text", "body": "hello", "m.relates_to": thread]
            for member in more.members { content[member.key] = member.value }
            return try scene.event(content, type: type)
        }
        func actions(_ event: Event, _ follows: Bool?, _ changes: [PushRuleChange] = []) throws -> PushActions? {
            try scene.actions(event, changes, isThreadSubscribed: follows)
        }
        // Whose clients know nothing of it hears of every thread.
        #expect(try actions(event(), nil)?.json == ["notify"])
        #expect(try actions(event(), false)?.json == [])
        #expect(try actions(event(), true)?.json == ["notify", ["set_tweak": "sound", "value": "default"]])
        let sticker = try event(type: "m.sticker")
        #expect(try actions(sticker, nil) == nil)
        #expect(try actions(sticker, true)?.notifies == true)
        let mention = try event(["m.mentions": ["user_ids": [.string(scene.me.rawValue)]]])
        #expect(try actions(mention, false)?.isHighlight == true)
        let keyword = Scene.set(.content, "c", ["pattern": "hello", "actions": ["notify"]])
        #expect(try actions(event(), false, [keyword])?.notifies == true)
        // Before what is said of the room, after what is said of everything.
        let (loud, muted) = (
            Scene.set(.room, scene.room.rawValue, ["actions": ["notify"]]),
            Scene.set(.room, scene.room.rawValue, ["actions": []])
        )
        #expect(try actions(event(), false, [loud])?.notifies == false)
        #expect(try actions(event(), true, [muted])?.notifies == true)
        let silence = Scene.set(.override, "o", ["conditions": [], "actions": []])
        #expect(try actions(event(), true, [silence])?.notifies == false)
        #expect(try actions(try event(["msgtype": "m.notice"]), true)?.notifies == false)
        // They can be turned off, as every rule can.
        let off = Scene.enable(.postcontent, ".io.element.msc4306.rule.unsubscribed_thread", false)
        #expect(try actions(event(), false, [off])?.notifies == true)
    }

    /// In an encrypted room nobody's name can be found: the rule is passed over, and the usual ones go on.
    @Test func namesAreNotLookedForInEncryptedEvents() throws {
        let scene = try Scene()
        let rule = Scene.set(
            .override, "name",
            ["conditions": [["kind": "contains_display_name"]], "actions": ["notify", ["set_tweak": "highlight"]]])
        let plain = try scene.event(["msgtype": "m.text", "body": "hello Anna!"])
        #expect(try scene.actions(plain, [rule], name: "Anna")?.isHighlight == true)
        let encrypted = try scene.event(["ciphertext": "hello Anna!"], type: "m.room.encrypted")
        let actions = try #require(try scene.actions(encrypted, [rule], name: "Anna"))
        #expect(actions.notifies && !actions.isHighlight)
        #expect(try scene.rules([rule]).usesDisplayName && !scene.rules().usesDisplayName)
    }

    /// Members are counted only as far as somebody's rules compare.
    @Test func membersAreCountedAsFarAsTheRulesAsk() throws {
        let scene = try Scene()
        func counted(_ comparison: String) throws -> Int {
            let condition: JSONValue = ["kind": "room_member_count", "is": .string(comparison)]
            return try scene.rules([Scene.set(.override, "o", ["conditions": [condition], "actions": []])])
                .membersCounted
        }
        #expect(try scene.rules().membersCounted == 3)
        #expect(try counted("<=10") == 11)
        #expect(try counted(">9999999") == PushRuleSet.memberCountMax + 1)
    }

    @Test func oldActionsAreLeftOut() throws {
        let scene = try Scene()
        let rule = Scene.set(.override, "o", ["conditions": [], "actions": ["dont_notify", "coalesce"]])
        #expect(try scene.actions(try scene.event(), [rule])?.json == [])
        let highlight = PushActions(["notify", ["set_tweak": "highlight"]])
        #expect(highlight.isHighlight)
        #expect(!PushActions(["notify", ["set_tweak": "highlight", "value": false]]).isHighlight)
    }
}
