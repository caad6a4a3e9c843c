import CanonicalJSON
import Events
import Identifiers
import PushRules
import Testing

/// Anna's push rules and events by Bert.
struct PushRuleScene {
    let me: UserID
    let other: UserID
    let room: RoomID

    init() throws {
        me = try #require(UserID("@anna:x"))
        other = try #require(UserID("@bert:x"))
        room = try #require(RoomID("!r:x"))
    }

    func event(
        _ content: JSONObject = ["body": "hello", "msgtype": "m.text"], type: String = "m.room.message",
        stateKey: String? = nil, by sender: UserID? = nil, in room: RoomID? = nil
    ) throws -> Event {
        var json: JSONObject = [
            "type": .string(type), "room_id": .string((room ?? self.room).rawValue),
            "sender": .string((sender ?? other).rawValue), "content": .object(content), "depth": 1,
            "origin_server_ts": 1, "prev_events": [], "auth_events": [],
        ]
        json["state_key"] = stateKey.map { .string($0) }
        return try Event(json: json, id: try #require(EventID("$e")), format: .v3)
    }

    /// What the rules, changed so, make of an event in a room of so many.
    func actions(
        _ event: Event, _ changes: [PushRuleChange] = [], members: Int = 3, mayNotify: Bool = true,
        name: String? = nil, isThreadSubscribed: Bool? = nil
    ) throws -> PushActions? {
        let context = PushContext(
            memberCount: members, displayName: name, isThreadSubscribed: isThreadSubscribed
        ) { _, _ in mayNotify }
        return try rules(changes).actions(for: event, context)
    }

    func rules(_ changes: [PushRuleChange] = []) throws -> PushRuleSet {
        PushRuleSet(try document(changes), of: me)
    }

    func document(_ changes: [PushRuleChange] = []) throws -> PushRuleDocument {
        var document = PushRuleDocument(nil, of: me)
        for change in changes { try document.apply(change) }
        // What is kept says the same.
        return PushRuleDocument(document.json, of: me)
    }

    static func set(
        _ kind: PushRuleKind, _ name: String, _ rule: JSONObject, before: String? = nil, after: String? = nil
    ) -> PushRuleChange {
        let place =
            before.map { PushRuleChange.Place(name: $0, isAfter: false) }
            ?? after.map { PushRuleChange.Place(name: $0, isAfter: true) }
        return PushRuleChange(kind: kind, name: name, what: .set(rule, place))
    }

    static func enable(_ kind: PushRuleKind, _ name: String, _ isEnabled: Bool) -> PushRuleChange {
        PushRuleChange(kind: kind, name: name, what: .enable(isEnabled))
    }
}
