import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// A room to judge events in: just the state that has a say.
///
/// Alice made it; she, and whoever is set, is in it.
struct RuleScene {
    static let alice = "@alice:a.test"
    static let bob = "@bob:b.test"
    static let carol = "@carol:c.test"
    /// Versions by their number.
    static let all = 1...12

    let version: RoomVersion
    private(set) var state: [StateMapKey: Event] = [:]

    var rules: RoomVersionRules { version.rules }

    init(_ number: Int, createContent: JSONObject = [:]) throws {
        version = try #require(RoomVersion("\(number)"))
        var content = createContent
        content["room_version"] = .string(version.name)
        if rules.createContentHasCreator { content["creator"] = .string(Self.alice) }
        state[.create] = try event("m.room.create", key: "", by: Self.alice, content, id: "$create", prev: [], auth: [])
        try member(Self.alice, "join")
    }

    /// Puts an event into the state, unjudged.
    mutating func set(_ type: String, key: String = "", by sender: String = alice, _ content: JSONObject) throws {
        let event = try event(type, key: key, by: sender, content, id: "$\(type)-\(key)")
        state[StateMapKey(type: type, stateKey: key)] = event
    }

    /// Makes the user's membership so; `nil` for none.
    mutating func member(_ user: String, _ membership: String?) throws {
        guard let membership else {
            state[StateMapKey(type: "m.room.member", stateKey: user)] = nil
            return
        }
        try set("m.room.member", key: user, by: user, ["membership": .string(membership)])
    }

    mutating func joinRule(_ rule: String?) throws {
        state[.joinRules] = nil
        if let rule { try set("m.room.join_rules", ["join_rule": .string(rule)]) }
    }

    mutating func levels(_ content: JSONObject) throws { try set("m.room.power_levels", content) }

    mutating func remove(_ key: StateMapKey) { state[key] = nil }

    /// An event of this room, not in its state.
    func event(
        _ type: String, key: String? = nil, by sender: String, _ content: JSONObject, id: String = "$event",
        prev: [String] = ["$last"], auth: [String] = [], changes: (inout JSONObject) -> Void = { _ in }
    ) throws -> Event {
        let isVersion12Create = rules.eventFormat.roomIDIsCreateEvent && type == "m.room.create"
        let room = rules.eventFormat.roomIDIsCreateEvent ? RoomID("!create") : RoomID("!room:a.test")
        var json = rules.eventFormat.assemble(
            EventParts(
                room: isVersion12Create ? nil : room, type: type, stateKey: key, sender: try #require(UserID(sender)),
                content: content, originServerTS: Timestamp(milliseconds: 1), depth: 5,
                prevEvents: try prev.map { EventParts.Reference(id: try #require(EventID($0))) },
                authEvents: try auth.map { EventParts.Reference(id: try #require(EventID($0))) }, id: EventID(id)))
        changes(&json)
        return try Event(json: json, id: try #require(EventID(id)), format: rules.eventFormat)
    }

    /// The rule that refuses the event; `nil` when it is allowed.
    func verdict(_ event: Event) -> AuthRule? {
        switch authorize(event, state: { state[$0] }, rules: rules) {
        case .allow: nil
        case .reject(let rejection): rejection.rule
        }
    }

    func verdict(
        _ type: String, key: String? = nil, by sender: String, _ content: JSONObject = [:], prev: [String] = ["$last"]
    ) throws -> AuthRule? {
        verdict(try event(type, key: key, by: sender, content, prev: prev))
    }

    /// The verdict on `sender` setting the membership of `user`, who is the sender unless said otherwise.
    func membership(
        _ membership: String, by sender: String, of user: String? = nil, _ content: JSONObject = [:],
        prev: [String] = ["$last"]
    ) throws -> AuthRule? {
        var content = content
        content["membership"] = .string(membership)
        return try verdict("m.room.member", key: user ?? sender, by: sender, content, prev: prev)
    }
}
