import CanonicalJSON
import Identifiers

/// A user's push rules about a room, said again about the one that replaces it; pure.
struct SucceedingPushRules {
    /// The kinds whose rules may be about one room.
    private static let kinds = ["override", "room", "underride"]

    let old: RoomID
    let new: RoomID

    /// `content`, of `m.push_rules`, with rules for the new room; `nil` when there is nothing to add.
    func added(to content: JSONObject) -> JSONObject? {
        guard var global = content["global"]?.objectValue else { return nil }
        var isChanged = false
        for kind in Self.kinds {
            guard let rules = global[kind]?.arrayValue else { continue }
            let known = rules.compactMap { $0["rule_id"] }
            let fresh = rules.compactMap(succeeding).filter { rule in !known.contains { $0 == rule["rule_id"] } }
            guard !fresh.isEmpty else { continue }
            global[kind] = .array(rules + fresh)
            isChanged = true
        }
        guard isChanged else { return nil }
        var content = content
        content["global"] = .object(global)
        return content
    }

    /// The rule for the new room that says what `rule` says of the old one; `nil` when it is not about that.
    private func succeeding(_ rule: JSONValue) -> JSONValue? {
        guard var object = rule.objectValue, rule["rule_id"] == .string(old.rawValue) else { return nil }
        object["rule_id"] = .string(new.rawValue)
        if let conditions = object["conditions"]?.arrayValue { object["conditions"] = .array(conditions.map(moved)) }
        return .object(object)
    }

    private func moved(_ condition: JSONValue) -> JSONValue {
        guard var object = condition.objectValue, condition["key"] == "room_id",
            condition["pattern"] == .string(old.rawValue)
        else { return condition }
        object["pattern"] = .string(new.rawValue)
        return .object(object)
    }
}
