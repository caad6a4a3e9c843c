import CanonicalJSON
import Identifiers

/// The rules that everybody has (spec v1.19, client-server API, "Predefined Rules"; MSC4306 for threads).
enum DefaultPushRules {
    static let master = ".m.rule.master"

    /// The default rules of a kind, in their order.
    static func rules(_ kind: PushRuleKind, of user: UserID) -> [JSONObject] {
        switch kind {
        case .override: overrides(user)
        case .postcontent: threads
        case .underride: underrides
        case .content, .room, .sender: []
        }
    }

    private static func rule(
        _ name: String, of prefix: String = ".m", isEnabled: Bool = true, _ conditions: [JSONValue],
        _ actions: [JSONValue]
    ) -> JSONObject {
        [
            "rule_id": .string("\(prefix).rule.\(name)"), "default": true, "enabled": .bool(isEnabled),
            "conditions": .array(conditions), "actions": .array(actions),
        ]
    }

    private static func match(_ key: String, _ pattern: String) -> JSONValue {
        ["kind": "event_match", "key": .string(key), "pattern": .string(pattern)]
    }

    private static let highlight: JSONValue = ["set_tweak": "highlight"]

    private static func sound(_ name: String = "default") -> JSONValue {
        ["set_tweak": "sound", "value": .string(name)]
    }

    private static func overrides(_ user: UserID) -> [JSONObject] {
        let me = user.rawValue
        return [
            rule("master", isEnabled: false, [], []),
            rule("suppress_notices", [match("content.msgtype", "m.notice")], []),
            rule(
                "invite_for_me",
                [match("type", "m.room.member"), match("content.membership", "invite"), match("state_key", me)],
                ["notify", sound()]),
            rule("member_event", [match("type", "m.room.member")], []),
            rule(
                "is_user_mention",
                [
                    [
                        "kind": "event_property_contains", "key": "content.m\\.mentions.user_ids",
                        "value": .string(me),
                    ]
                ], ["notify", sound(), highlight]),
            rule(
                "is_room_mention",
                [
                    ["kind": "event_property_is", "key": "content.m\\.mentions.room", "value": true],
                    ["kind": "sender_notification_permission", "key": "room"],
                ], ["notify", highlight]),
            rule("tombstone", [match("type", "m.room.tombstone"), match("state_key", "")], ["notify", highlight]),
            rule("reaction", [match("type", "m.reaction")], []),
            rule("room.server_acl", [match("type", "m.room.server_acl"), match("state_key", "")], []),
            rule(
                "suppress_edits",
                [["kind": "event_property_is", "key": "content.m\\.relates_to.rel_type", "value": "m.replace"]], []),
        ]
    }

    private static let threads = [
        rule("unsubscribed_thread", of: msc4306, [inThread(false)], []),
        rule("subscribed_thread", of: msc4306, [inThread(true)], ["notify", sound()]),
    ]

    private static let msc4306 = ".io.element.msc4306"

    private static func inThread(_ isSubscribed: Bool) -> JSONValue {
        ["kind": .string(PushCondition.threadKind), "subscribed": .bool(isSubscribed)]
    }

    private static let ofTwo: JSONValue = ["kind": "room_member_count", "is": "2"]

    private static let underrides = [
        rule("call", [match("type", "m.call.invite")], ["notify", sound("ring")]),
        rule("encrypted_room_one_to_one", [ofTwo, match("type", "m.room.encrypted")], ["notify", sound()]),
        rule("room_one_to_one", [ofTwo, match("type", "m.room.message")], ["notify", sound()]),
        rule("message", [match("type", "m.room.message")], ["notify"]),
        rule("encrypted", [match("type", "m.room.encrypted")], ["notify"]),
    ]
}
