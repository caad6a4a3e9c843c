import CanonicalJSON
import Events
import Identifiers
import Storage

/// What is shown of a room to somebody who may not be in it (spec v1.19, `definitions/room_summary.yaml`).
package struct RoomPreview: Sendable {
    /// The state a preview is made of.
    static let types = [
        "m.room.create", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.canonical_alias",
        "m.room.join_rules", "m.room.history_visibility", "m.room.guest_access", "m.room.encryption",
    ]

    let room: RoomID
    let state: RoomState
    let joinedCount: Int

    private func text(_ type: String, _ key: String) -> String? {
        let value = content(type)?[key]?.stringValue
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func content(_ type: String) -> JSONObject? {
        state.events[StateMapKey(type: type, stateKey: "")]?.content
    }

    var name: String? { text("m.room.name", "name") }
    var canonicalAlias: String? { text("m.room.canonical_alias", "alias") }
    var type: String? { text("m.room.create", "type") }
    var joinRule: String { text("m.room.join_rules", "join_rule") ?? "invite" }
    var isWorldReadable: Bool { text("m.room.history_visibility", "history_visibility") == "world_readable" }
    var guestsMayJoin: Bool { text("m.room.guest_access", "guest_access") == "can_join" }
    var isSpace: Bool { type == "m.space" }

    /// The plain text of the topic.
    var topic: String? {
        let texts = content("m.room.topic")?["m.topic"]?["m.text"]?.arrayValue ?? []
        let plain = texts.first { $0["mimetype"].map { $0 == "text/plain" } ?? true }
        return plain?["body"]?.stringValue ?? text("m.room.topic", "topic")
    }

    /// The rooms whose members may join.
    var allowedRooms: [RoomID] {
        guard joinRule == "restricted" || joinRule == "knock_restricted" else { return [] }
        let conditions = content("m.room.join_rules")?["allow"]?.arrayValue ?? []
        return conditions.prefix(RestrictedJoin.roomsMax).compactMap { condition in
            guard condition["type"] == "m.room_membership" else { return nil }
            return condition["room_id"]?.stringValue.flatMap { RoomID($0) }
        }
    }

    /// Whether anybody may come in, knock or look in.
    var isOpen: Bool {
        switch joinRule {
        case "public", "knock", "knock_restricted": true
        default: isWorldReadable
        }
    }

    /// The members that directory, hierarchy and summary have in common.
    var json: JSONObject {
        var object: JSONObject = [
            "room_id": .string(room.rawValue), "num_joined_members": .int(Int64(joinedCount)),
            "world_readable": .bool(isWorldReadable), "guest_can_join": .bool(guestsMayJoin),
            "join_rule": .string(joinRule),
        ]
        object["name"] = name.map(JSONValue.string)
        object["topic"] = topic.map(JSONValue.string)
        object["avatar_url"] = text("m.room.avatar", "url").map(JSONValue.string)
        object["canonical_alias"] = canonicalAlias.map(JSONValue.string)
        object["room_type"] = type.map(JSONValue.string)
        return object
    }

    /// The same with what a summary says besides.
    var summary: JSONObject {
        var object = json
        object["room_version"] = .string(state.placement.version.name)
        object["encryption"] = text("m.room.encryption", "algorithm").map(JSONValue.string)
        let allowed = allowedRooms
        if !allowed.isEmpty { object["allowed_room_ids"] = .array(allowed.map { .string($0.rawValue) }) }
        return object
    }
}
