import CanonicalJSON
import Events
import Identifiers
import NIOCore
import RoomReading
import Storage

/// The state events of one room in one answer.
struct StatePart: Sendable {
    /// Shared bytes, each event led by a comma.
    var shared: [ByteBuffer] = []
    var own: [PreparedEvent] = []

    /// Bytes that exist once for all answers.
    var sharedByteCount: Int {
        let count = shared.reduce(0) { $0 + $1.readableBytes }
        return count <= SpliceWriter.copiedMax ? 0 : count
    }
    var isEmpty: Bool { shared.isEmpty && own.isEmpty }

    func write(to writer: inout SpliceWriter) {
        writer.json.beginObject()
        writer.json.key("events")
        writer.json.beginArray()
        writer.elements(shared)
        for event in own { event.writeAsState(to: &writer.json) }
        writer.json.endArray()
        writer.json.endObject()
    }
}

/// What a client has to be told of a room's state so that, with the timeline, it has the state at the end.
package enum StateChoice {
    /// The events for the keys that changed.
    ///
    /// - Parameters:
    ///   - deltas: from where the client was, with the start of the timeline in the middle.
    ///   - timeline: the events the client is given there.
    ///   - usesStateAfter: the client takes state from the state part alone, as it is at the end.
    package static func events(of deltas: [StateDelta], timeline: Set<EventID>, usesStateAfter: Bool) -> [EventID] {
        deltas.compactMap { delta in
            if usesStateAfter { return delta.after == delta.before ? nil : delta.after }
            // What became the state without being in the timeline: by state resolution, or filtered out.
            if let after = delta.after, after != delta.before, !timeline.contains(after) { return after }
            if let middle = delta.middle, middle != delta.before { return middle }
            return nil
        }
    }
}
