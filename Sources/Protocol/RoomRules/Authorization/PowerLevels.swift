import CanonicalJSON
import Events
import Identifiers

// Nothing is parsed ahead: a level is found by binary search in the event's sorted members when it is asked for, so that
// judging one event in a room of 10,000 listed users costs a few comparisons, and there is no cache to keep right.

/// Who may do what in a room: its power levels event, or the defaults without one.
public struct PowerLevels: Sendable {
    /// The level of creators from version 12 on; levels in events are at most 2^53 - 1 there.
    public static let infinite = Int64.max
    /// A creator's level in a room without power levels, before version 12.
    public static let creatorDefault: Int64 = 100

    private let content: JSONObject?
    private let users: JSONObject?
    private let events: JSONObject?
    private let create: Event?
    private let rules: RoomVersionRules

    /// - Parameters:
    ///   - event: the room's `m.room.power_levels`; without it all levels are defaults.
    ///   - create: the room's `m.room.create`; without it nobody is a creator.
    public init(event: Event?, create: Event?, rules: RoomVersionRules) {
        content = event?.content
        users = event?.content["users"]?.objectValue
        events = event?.content["events"]?.objectValue
        self.create = create
        self.rules = rules
    }

    public func level(of user: UserID) -> Int64 {
        if rules.creatorsAreInfinitelyPowerful, let create, create.isCreator(user, rules: rules) {
            return Self.infinite
        }
        guard content != nil else {
            let isCreator = create?.isCreator(user, rules: rules) ?? false
            return isCreator ? Self.creatorDefault : 0
        }
        return value(users?[user.rawValue]) ?? usersDefault
    }

    /// The level that sending an event of `type` needs, membership and redaction apart.
    public func required(type: String, isState: Bool) -> Int64 {
        value(events?[type]) ?? (isState ? stateDefault : eventsDefault)
    }

    public var ban: Int64 { named("ban", 50) }
    public var kick: Int64 { named("kick", 50) }
    /// What redacting others' events needs, beside sending a redaction.
    public var redact: Int64 { named("redact", 50) }
    public var invite: Int64 { named("invite", 0) }
    public var usersDefault: Int64 { named("users_default", 0) }
    public var eventsDefault: Int64 { named("events_default", 0) }
    public var stateDefault: Int64 { named("state_default", 50) }

    /// The level that a notification such as `room` needs.
    public func notification(_ key: String) -> Int64 { value(content?["notifications"]?[key]) ?? 50 }

    private func named(_ key: String, _ standard: Int64) -> Int64 { value(content?[key]) ?? standard }
    private func value(_ json: JSONValue?) -> Int64? { json.flatMap { PowerLevelValue.parse($0, rules: rules) } }
}

extension Event {
    /// Whether this create event makes `user` a creator of its room.
    func isCreator(_ user: UserID, rules: RoomVersionRules) -> Bool {
        isCreator(user.rawValue, rules: rules)
    }

    func isCreator(_ user: String, rules: RoomVersionRules) -> Bool {
        if rules.createContentHasCreator { return content["creator"]?.stringValue?.hasSameBytes(as: user) ?? false }
        if sender.rawValue.hasSameBytes(as: user) { return true }
        guard rules.creatorsAreInfinitelyPowerful, let others = content["additional_creators"]?.arrayValue else {
            return false
        }
        return others.contains { $0.stringValue?.hasSameBytes(as: user) ?? false }
    }
}
