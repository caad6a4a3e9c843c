/// What changed; an unknown kind stops a reader, it is never skipped.
public enum LogKind: Int16, Sendable, CaseIterable {
    /// An event; the key is its room.
    case event = 1
    /// A change of a room's current state without an event of its own; the key is the room.
    case stateChange = 2
    /// A receipt; the key is its room.
    case receipt = 3
    /// Account data, of the user or of one of its rooms; the key is the user.
    case accountData = 4
    /// Messages to a user's devices; the key is the user.
    case toDevice = 5
    /// A local user's membership changed; the key is the user, the shard the room's.
    case membership = 6
    /// A user forgot a room; the key is the user, the shard the room's.
    case forgotten = 7
    /// A user's devices, identity or cross-signing keys have changed; the key is the user.
    case deviceList = 8
    /// One-time or fallback keys of a user's devices were added or handed out; the key is the user.
    case oneTimeKeys = 9
    /// A user has signed keys of others; the key is the one who signed.
    case signatures = 10
}
