import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage

/// An event with everything about it that is the same for all its readers; made once for all of them.
public struct PreparedEvent: Sendable {
    public let stored: StoredEvent
    /// What a state event replaced in the room's state.
    let replaced: StoredEvent?
    /// The redaction of a redacted event.
    private let redaction: StoredEvent?
    /// The redaction without what it says beyond that it happened, for those who may not see it itself.
    private let strippedRedaction: Event?
    private let json: ClientEventJSON

    /// - Throws: `EventError` for a redaction that redaction breaks, which no writer stores.
    init(
        stored: StoredEvent, replaced: StoredEvent?, redaction: StoredEvent?, rules: RoomVersionRules,
        includesRoom: Bool
    ) throws {
        self.stored = stored
        self.replaced = replaced
        self.redaction = redaction
        strippedRedaction = try redaction.map { redaction in
            let event = redaction.event
            return try Event(json: redact(event.json, rules: rules), id: event.id, format: event.format)
        }
        json = ClientEventJSON(stored.event, includesRoom: includesRoom)
    }

    /// The event as a redaction would leave it, inside of its room and without what it replaced.
    func redacted(_ rules: RoomVersionRules) throws -> PreparedEvent {
        try PreparedEvent(
            stored: stored.redacted(rules), replaced: nil, redaction: redaction, rules: rules, includesRoom: false)
    }

    /// About how much memory the event takes: its ready bytes and what they were made of.
    public var byteCount: Int { json.members.count * 3 + 512 }

    /// The event as `viewer` gets it, whose view of the room is `view`.
    public func served(to viewer: Viewer, in view: RoomView, bundle: RelationBundle? = nil) -> ServedEvent {
        served(to: viewer, membership: view.rule.membership(at: stored.position), bundle: bundle) { view.isVisible($0) }
    }

    /// The event as `viewer` gets it, whose membership at the event was `membership`.
    ///
    /// - Parameters:
    ///   - bundle: what is shown inside of the event of those that relate to it.
    ///   - now: the time, for those who are told how long the event sticks still.
    ///   - sees: whether the viewer may see another event of the room.
    public func served(
        to viewer: Viewer, membership: String, bundle: RelationBundle? = nil, now: Timestamp? = nil,
        sees: (StoredEvent) -> Bool
    ) -> ServedEvent {
        let because = redaction.flatMap { sees($0) ? $0.event : strippedRedaction }
        let unsigned = UnsignedJSON(
            stored: stored, viewer: viewer, membership: membership, replaced: replaced, redaction: because,
            bundle: bundle, stickyMillisecondsLeft: now.flatMap { stored.event.stickyMillisecondsLeft(at: $0) })
        return ServedEvent(
            stored: stored, json: json, unsigned: unsigned.bytes(), hasThread: bundle?.hasThread ?? false)
    }

    /// Writes the event as room state, the same for all readers: without `unsigned`, but for a redaction.
    public func writeAsState(to writer: inout JSONWriter) {
        guard let strippedRedaction else { return json.write(to: &writer) }
        var unsigned = JSONWriter()
        unsigned.beginObject()
        unsigned.member("redacted_because", raw: ClientEventJSON(strippedRedaction, includesRoom: false).bytes())
        unsigned.endObject()
        json.write(to: &writer, unsigned: unsigned.bytes)
    }
}
