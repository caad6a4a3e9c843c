/// What stays of a redacted event: keys of the event, and keys of its content by the event's type.
public struct RedactionRules: Sendable {
    /// What stays of one type's content; of types without an entry nothing does.
    public enum Kept: Sendable {
        case all
        case keys([String])
    }

    /// A key whose value is an object of which only some keys stay.
    public struct Nested: Sendable {
        public var key: String
        public var kept: [String]
    }

    public var eventKeys: [String]
    public var content: [String: Kept]
    /// Of a member event's content, beside ``content``.
    public var memberNested: [Nested]

    static let v1 = RedactionRules(
        eventKeys: [
            "event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures", "depth",
            "prev_events", "prev_state", "auth_events", "origin", "origin_server_ts", "membership",
        ],
        content: [
            "m.room.member": .keys(["membership"]),
            "m.room.create": .keys(["creator"]),
            "m.room.join_rules": .keys(["join_rule"]),
            "m.room.power_levels": .keys([
                "ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default",
            ]),
            "m.room.aliases": .keys(["aliases"]),
            "m.room.history_visibility": .keys(["history_visibility"]),
        ],
        memberNested: [])

    /// As version 1, except: aliases are not special.
    static let v6 = v1.except { $0.content["m.room.aliases"] = nil }

    /// As version 6, except: the rooms of restricted joins stay.
    static let v8 = v6.except { $0.keep("allow", of: "m.room.join_rules") }

    /// As version 8, except: who authorised a join stays.
    static let v9 = v8.except { $0.keep("join_authorised_via_users_server", of: "m.room.member") }

    /// As version 9, except: create events stay whole, redactions' targets, the invite level and third parties' signatures
    /// stay, and three obsolete keys go.
    static let v11 = v9.except {
        $0.eventKeys.removeAll { ["origin", "membership", "prev_state"].contains($0) }
        $0.content["m.room.create"] = .all
        $0.content["m.room.redaction"] = .keys(["redacts"])
        $0.keep("invite", of: "m.room.power_levels")
        $0.memberNested = [Nested(key: "third_party_invite", kept: ["signed"])]
    }

    private mutating func keep(_ key: String, of type: String) {
        guard case .keys(let keys) = content[type] else { return }
        content[type] = .keys(keys + [key])
    }

    private func except(_ change: (inout RedactionRules) -> Void) -> RedactionRules {
        var next = self
        change(&next)
        return next
    }
}
