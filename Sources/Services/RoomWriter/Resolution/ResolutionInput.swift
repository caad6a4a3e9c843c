import Events
import Identifiers
import RoomRules
import Storage

/// A fork of a room's state that is to be made one.
struct ResolutionInput: Sendable {
    let room: RoomID
    let rules: RoomVersionRules
    /// The events whose states these are, sorted: what the result is filed under.
    let events: [EventID]
    let states: [StateTree]
    /// Events that are not in the database yet.
    let placed: [EventID: KnownEvent]

    init(
        room: RoomID, rules: RoomVersionRules, of events: [EventID], states: [StateTree], placed: [EventID: KnownEvent]
    ) {
        self.room = room
        self.rules = rules
        self.events = events
        self.states = states
        self.placed = placed
    }
}
