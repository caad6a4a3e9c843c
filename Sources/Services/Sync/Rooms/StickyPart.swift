import CanonicalJSON
import Identifiers
import RoomReading
import Storage

// Sticky events are in timelines like all others; what is told beside is what a client would miss: what lies before a
// timeline's beginning, or does not pass its filter (MSC4354). Who may read the room now may read them, whatever its history
// visibility says.

/// Writes `msc4354_sticky` of a room.
struct StickyPart: Sendable {
    /// Oldest first.
    private let events: [PreparedEvent]

    /// - Parameters:
    ///   - found: the room's events that stick, in the range the answer is about.
    ///   - shown: the events of its timeline.
    init(
        _ found: [StoredEvent], besides shown: Set<EventID>, of room: UserRoom, hearing unwanted: UnwantedSenders,
        readers: RoomReaders
    ) async throws {
        let missed = found.filter { !shown.contains($0.event.id) && !unwanted.hides($0.event) }
        events =
            missed.isEmpty
            ? []
            : try await readers.served.prepare(
                missed, of: room.room, rules: room.placement.version.rules, includesRoom: false)
    }

    var isEmpty: Bool { events.isEmpty }

    func write(to writer: inout JSONWriter, for viewer: Viewer, at now: Timestamp) {
        writer.beginObject()
        writer.key("events")
        writeEvents(to: &writer, for: viewer, at: now)
        writer.endObject()
    }

    func writeEvents(to writer: inout JSONWriter, for viewer: Viewer, at now: Timestamp) {
        writer.beginArray()
        for event in events {
            event.served(to: viewer, membership: "join", now: now) { _ in true }.write(to: &writer)
        }
        writer.endArray()
    }
}
