import Events

// Code asks for a flag, never for a version's number; a version is the one before it with a few flags changed.

/// What one room version asks for.
public struct RoomVersionRules: Sendable {
    /// How events and their IDs are written.
    public var eventFormat: EventFormat
    public var stateResolution: StateResolutionAlgorithm
    /// What is left of a redacted event.
    public var redaction: RedactionRules
    /// The server in the event's ID signs it, too.
    public var eventIDServerSigns: Bool
    /// A signing key must have been valid at the event's `origin_server_ts`.
    public var keysMustBeValidThen: Bool
    /// Events with floats, or integers beyond ±(2^53 − 1), are refused.
    public var requiresCanonicalJSON: Bool
    /// Whether `m.room.aliases` is authorised by the sender's server alone.
    public var aliasesBelongToServers: Bool
    /// Whether the authorisation rules judge redactions; from version 3 on, applying one is judged apart.
    public var authorisesRedactions: Bool
    /// Changes of `notifications` in the power levels are limited, too.
    public var limitsNotificationLevels: Bool
    /// Membership `knock` and join rule `knock`.
    public var allowsKnocking: Bool
    /// Join rule `restricted`.
    public var allowsRestrictedJoins: Bool
    /// Join rule `knock_restricted`.
    public var allowsKnockRestricted: Bool
    /// Power levels are JSON integers; before, also strings.
    public var powerLevelsAreIntegers: Bool
    /// The create event names the creator in `content.creator`; after, its sender is the creator.
    public var createContentHasCreator: Bool
    /// Creators (with `additional_creators`) stand above all power levels.
    public var creatorsAreInfinitelyPowerful: Bool

    /// Whether the create event is among other events' `auth_events`; otherwise the room's ID stands for it.
    public var createIsAuthEvent: Bool { !eventFormat.roomIDIsCreateEvent }
    /// Power levels may be written as fractions, which are cut off.
    public var powerLevelsMayBeFloats: Bool { !requiresCanonicalJSON }
}

/// How a fork of the room's state is joined.
public enum StateResolutionAlgorithm: Sendable, Hashable {
    /// Room version 1: by depth and the hash of IDs.
    case v1
    /// Room versions 2 to 11: by power and time, checked anew.
    case v2
    /// Room version 12: as ``v2``, from empty state and with the conflicted state subgraph.
    case v2_1
}
