import CanonicalJSON
import Identifiers
import RoomReading

/// Writes `timeline` of a room.
enum TimelinePart {
    /// - Parameters:
    ///   - rule: what the viewer was and saw; `nil`: they were in the room all the time.
    ///   - bundles: what is shown inside of events.
    ///   - now: the time, for events that stick.
    static func write(
        _ timeline: Timeline, to writer: inout JSONWriter, for viewer: Viewer, rule: VisibilityRule?,
        bundles: [EventID: RelationBundle] = [:], now: Timestamp
    ) {
        writer.key("timeline")
        writer.beginObject()
        writer.key("events")
        writeEvents(of: timeline, to: &writer, for: viewer, rule: rule, bundles: bundles, now: now)
        writer.member("limited", timeline.isLimited)
        writer.member("prev_batch", timeline.previous.text)
        writer.endObject()
    }

    /// The same without what is said about them.
    static func writeEvents(
        of timeline: Timeline, to writer: inout JSONWriter, for viewer: Viewer, rule: VisibilityRule?,
        bundles: [EventID: RelationBundle], now: Timestamp
    ) {
        writer.beginArray()
        for event in timeline.events {
            let membership = rule?.membership(at: event.stored.position) ?? "join"
            event.served(to: viewer, membership: membership, bundle: bundles[event.stored.event.id], now: now) {
                rule?.isVisible(at: $0.position) ?? true
            }.write(to: &writer)
        }
        writer.endArray()
    }
}
