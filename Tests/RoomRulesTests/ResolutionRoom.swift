import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// A room as a graph of events with the state after each; events are named by short IDs and not signed.
struct ResolutionRoom {
    static let alice = "@alice:a.test"
    static let bob = "@bob:b.test"
    static let carol = "@carol:c.test"
    static let dan = "@dan:d.test"

    let version: RoomVersion
    private(set) var events: [EventID: Event] = [:]
    private(set) var states: [EventID: [StateMapKey: EventID]] = [:]
    /// Counted up for `origin_server_ts`.
    private var time: Int64 = 0
    private var last: [EventID] = []

    var rules: RoomVersionRules { version.rules }

    /// A room that Alice made: create, her join, levels with her (before version 12) and Bob at 100 and 50, public.
    init(_ number: Int) throws {
        version = try #require(RoomVersion("\(number)"))
        var create: JSONObject = ["room_version": .string(version.name)]
        if rules.createContentHasCreator { create["creator"] = .string(Self.alice) }
        try send("create", "m.room.create", "", by: Self.alice, .object(create))
        try join("alice", Self.alice)
        try levels("levels", by: Self.alice, [Self.bob: 50])
        try send("public", "m.room.join_rules", "", by: Self.alice, ["join_rule": "public"])
    }

    static func id(_ name: String) throws -> EventID { try #require(EventID("$\(name)")) }

    /// Whether the last event sent without being judged was allowed.
    private(set) var wasAllowed = true

    /// Adds an event after others (the last one unless said otherwise), at the state they resolve to.
    ///
    /// - Parameters:
    ///   - time: `origin_server_ts`; one more than the last event's by default.
    ///   - isJudged: false for an event that may be refused; it then leaves no trace.
    mutating func send(
        _ name: String, _ type: String, _ key: String?, by sender: String, _ content: JSONValue = [:],
        after: [String]? = nil, time: Int64? = nil, isJudged: Bool = true
    ) throws {
        let id = try Self.id(name)
        let prev = try after?.map(Self.id) ?? last
        let state = try resolve(prev)
        self.time = time ?? self.time + 1
        let object = try #require(content.objectValue)
        let user = try #require(UserID(sender))
        let auth = authEventKeys(for: type, stateKey: key, sender: user, content: object, rules: rules)
            .compactMap { state[$0] }
        let isHashRoom = rules.eventFormat.roomIDIsCreateEvent
        let depth = (prev.compactMap { events[$0]?.depth }.max() ?? 0) + 1
        let json = rules.eventFormat.assemble(
            EventParts(
                room: isHashRoom && type == "m.room.create" ? nil : RoomID(isHashRoom ? "!create" : "!room:a.test"),
                type: type, stateKey: key, sender: user, content: object,
                originServerTS: Timestamp(milliseconds: self.time), depth: depth,
                prevEvents: prev.map { EventParts.Reference(id: $0) },
                authEvents: auth.map { EventParts.Reference(id: $0) }, id: id))
        let event = try Event(json: json, id: id, format: rules.eventFormat)
        let verdict = authorize(event, state: { state[$0].flatMap { events[$0] } }, rules: rules)
        wasAllowed = verdict.isAllowed
        if isJudged {
            #expect(verdict == .allow, "\(name) is not allowed where it is sent: \(verdict)")
        } else if !wasAllowed {
            return
        }
        events[id] = event
        states[id] = state
        if let key = event.stateMapKey { states[id]?[key] = id }
        last = [id]
    }

    mutating func join(_ name: String, _ user: String, after: [String]? = nil, time: Int64? = nil) throws {
        try send(name, "m.room.member", user, by: user, ["membership": "join"], after: after, time: time)
    }

    mutating func member(
        _ name: String, _ membership: String, _ user: String, by sender: String, after: [String]? = nil,
        time: Int64? = nil
    ) throws {
        try send(
            name, "m.room.member", user, by: sender, ["membership": .string(membership)], after: after, time: time)
    }

    /// Power levels with these users, and Alice at 100 where she may be named.
    mutating func levels(
        _ name: String, by sender: String, _ users: JSONObject, after: [String]? = nil, time: Int64? = nil
    ) throws {
        var users = users
        if version.name != "12" { users[Self.alice] = 100 }
        try send(
            name, "m.room.power_levels", "", by: sender, ["users": .object(users)], after: after, time: time)
    }

    mutating func topic(
        _ name: String, by sender: String, after: [String]? = nil, time: Int64? = nil
    ) throws {
        try send(name, "m.room.topic", "", by: sender, ["topic": .string(name)], after: after, time: time)
    }

    /// The state before an event after these.
    func resolve(_ prev: [EventID]) throws -> [StateMapKey: EventID] {
        try resolveState(
            sets: prev.map { try #require(states[$0]) }, event: { events[$0] }, rules: rules)
    }

    func resolve(_ prev: [String]) throws -> [StateMapKey: EventID] { try resolve(prev.map(Self.id)) }

    /// The name of the event that `prev` resolve to for a key; `nil` for none.
    func winner(_ prev: [String], _ type: String, _ key: String = "") throws -> String? {
        try resolve(prev)[StateMapKey(type: type, stateKey: key)].map { String($0.rawValue.dropFirst()) }
    }
}
