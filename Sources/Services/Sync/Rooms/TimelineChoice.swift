import ClientAPI
import Events
import RoomReading

/// Which events of a room a timeline is made of.
struct TimelineChoice: Sendable {
    /// The most events.
    let limit: Int
    let filter: EventFilter
    let unwanted: UnwantedSenders

    /// Whether every event of a wanted room is wanted.
    var wantsAll: Bool { filter.isEverything && unwanted.isEmpty }

    func wants(_ event: Event) -> Bool { filter.wants(event) && !unwanted.hides(event) }
}
