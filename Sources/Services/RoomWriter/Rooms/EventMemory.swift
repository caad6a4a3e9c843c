import Collections
import Identifiers
import Storage

/// The events of a room that were of use lately; what is forgotten is read again when it is needed.
///
/// The oldest goes first, whatever it is: the room's create event costs one reading in two thousand events.
struct EventMemory {
    /// More than any one command can need: 50 events with 20 predecessors and 10 auth events each.
    static let eventsMax = 2_000
    /// What an event counts for in the memory's budget, in bytes.
    static let eventBytes = 2_000

    private var events: [EventID: KnownEvent] = [:]
    private var order: Deque<EventID> = []

    var count: Int { events.count }

    subscript(id: EventID) -> KnownEvent? { events[id] }

    mutating func insert(_ event: KnownEvent) {
        if events.updateValue(event, forKey: event.event.id) == nil { order.append(event.event.id) }
        if order.count > Self.eventsMax, let oldest = order.popFirst() { events[oldest] = nil }
    }

    mutating func removeAll() {
        events = [:]
        order = []
    }
}
