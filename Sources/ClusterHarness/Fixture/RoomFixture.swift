import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules
import Signing
import Storage

// A room of thousands of members, made by joins through the API, would take most of a test's time. This makes the same
// rows as a room's writer does, from the same events: built, hashed and signed one after the other, each naming its
// parent and its auth events, with a state root for each.

/// A public room of version 12 with local members only, as its history up to the last join.
public struct RoomFixture: Sendable {
    public let room: RoomID
    public let creator: UserID
    /// The creator first.
    public let members: [UserID]
    public let shard: ShardID
    /// In their order.
    public let events: [Event]

    /// Builds the room's events: creation, then one join each.
    ///
    /// - Parameters:
    ///   - creator: also the first member.
    ///   - others: who joins, in this order.
    ///   - key: the server's signing key.
    public init(
        creator: UserID, others: [UserID], server: ServerName, key: SigningKey, shardCount: Int = ShardID.countDefault,
        createdAt: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)
    ) throws {
        let version = RoomVersion.default
        var history = FixtureHistory(
            builder: EventBuilder(rules: version.rules, server: server, key: key), at: createdAt)
        try history.create(version, by: creator)
        try history.join(creator)
        try history.state("m.room.power_levels", Self.powerLevels, by: creator)
        try history.state("m.room.join_rules", ["join_rule": "public"], by: creator)
        try history.state("m.room.history_visibility", ["history_visibility": "shared"], by: creator)
        try history.state("m.room.guest_access", ["guest_access": "forbidden"], by: creator)
        try history.state("m.room.name", ["name": "A large room"], by: creator)
        for member in others { try history.join(member) }
        events = history.events
        room = events[0].room
        self.creator = creator
        members = [creator] + others
        shard = ShardID.placement(of: room, count: shardCount)
    }

    private static let powerLevels: JSONObject = [
        "users": [:], "users_default": 0, "events_default": 0, "state_default": 50, "ban": 50, "kick": 50, "redact": 50,
        "invite": 0, "historical": 100,
        "events": [
            "m.room.name": 50, "m.room.avatar": 50, "m.room.canonical_alias": 50, "m.room.power_levels": 100,
            "m.room.history_visibility": 100, "m.room.server_acl": 100, "m.room.encryption": 100,
            "m.room.tombstone": 150,
        ],
    ]
}

/// A growing chain of events.
private struct FixtureHistory {
    let builder: EventBuilder
    let at: Timestamp
    var events: [Event] = []
    private var state: [StateMapKey: Event] = [:]

    init(builder: EventBuilder, at: Timestamp) {
        self.builder = builder
        self.at = at
    }

    mutating func create(_ version: RoomVersion, by creator: UserID) throws {
        append(
            try builder.buildCreate(version: version, content: [:], sender: creator, room: nil, originServerTS: at))
    }

    mutating func join(_ user: UserID) throws {
        try state(
            "m.room.member", ["membership": "join", "displayname": .string(user.localpart)], by: user,
            stateKey: user.rawValue)
    }

    mutating func state(_ type: String, _ content: JSONObject, by sender: UserID, stateKey: String = "") throws {
        let keys = authEventKeys(
            for: type, stateKey: stateKey, sender: sender, content: content, rules: builder.rules)
        append(
            try builder.build(
                room: events[0].room, type: type, stateKey: stateKey, sender: sender, content: content,
                prev: events.suffix(1), auth: keys.compactMap { state[$0] },
                originServerTS: at.advanced(by: .seconds(events.count))))
    }

    private mutating func append(_ event: Event) {
        events.append(event)
        if let key = event.stateMapKey { state[key] = event }
    }
}
