import Events
import Identifiers
import RoomRules
import WorkerContracts

/// What a room's policy server is asked.
struct PolicyQuestion: Sendable {
    let event: Event
    let room: RoomID
    let policy: RoomPolicy
    let rules: RoomVersionRules
}

/// What a room's policy server says of an event.
enum PolicyVerdict: Sendable, Equatable {
    /// Nobody of that server is in the room, so that it has no say.
    case notAsked
    /// It recommends the event, by this signature.
    case signed(String)
    /// It does not, or says nothing in time.
    case refused(WriterReply.Refusal)
}
