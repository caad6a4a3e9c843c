/// How an event is written on the wire between servers; each room version's rules name one.
public enum EventFormat: Sendable, Hashable {
    /// Room versions 1 and 2: the sender chooses `event_id`; references carry hashes.
    case v1
    /// Room version 3: the ID is the reference hash in standard Base64; references are IDs.
    case v3
    /// Room versions 4 to 10: the ID is the reference hash in URL-safe Base64.
    case v4
    /// Room version 11: a redaction's target moved into `content`.
    case v11
    /// Room version 12: the room's ID is the create event's, which has no `room_id`.
    case v12

    /// Whether the ID is computed from the event, and not inside it.
    public var hashesAreIDs: Bool { self != .v1 }
    /// Whether a redaction names its target in `content.redacts`.
    public var redactsIsInContent: Bool { self == .v11 || self == .v12 }
    /// Whether the room's ID is the create event's with `!` for `$`.
    public var roomIDIsCreateEvent: Bool { self == .v12 }
}
