import Identifiers

/// What may be new for a user between two cuts; looking closer may find that nothing is.
struct SyncChanges: Sendable, Equatable {
    struct InRoom: OptionSet, Sendable, Hashable {
        let rawValue: UInt8
        static let events = InRoom(rawValue: 1)
        /// Current state changed without an event of its own; with one, it is among the events.
        static let state = InRoom(rawValue: 2)
        static let receipts = InRoom(rawValue: 4)
    }

    /// Of rooms the user is in.
    var rooms: [RoomID: InRoom] = [:]
    var hasMemberships = false
    var hasAccountData = false
    var hasToDevice = false
    /// One-time or fallback keys of the user's devices were added or handed out.
    var hasOneTimeKeys = false
    /// The user has signed others' keys.
    var hasSignatures = false
    /// Users whose devices or keys changed, anybody.
    var keyChanges: Set<UserID> = []
    /// Others who came into or went out of rooms of the user's, with the rooms, as far as these are known.
    var memberChanges: [UserID: Set<RoomID>] = [:]
    /// There are more of these users than could be read.
    var hasLostUsers = false
}
