import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules

/// An event the writer has, with what its room made of it; also one that is never served.
public struct KnownEvent: Sendable {
    /// Redacted already where a redaction is in force.
    public var event: Event
    public var position: ShardSequence
    /// The room's state with the event; as before it for a rejected one.
    public var stateAfter: StateRootID?
    public var isRejected: Bool
    public var isSoftFailed: Bool
    public var isRedacted: Bool

    public init(
        event: Event, position: ShardSequence, stateAfter: StateRootID?, isRejected: Bool = false,
        isSoftFailed: Bool = false, isRedacted: Bool = false
    ) {
        self.event = event
        self.position = position
        self.stateAfter = stateAfter
        self.isRejected = isRejected
        self.isSoftFailed = isSoftFailed
        self.isRedacted = isRedacted
    }
}

/// Reads events for the owner of their room, rejected and soft-failed ones included.
public struct KnownEvents: Sendable {
    /// The most events asked for at once.
    public static let eventsMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The events of `room` with these IDs, as far as they are there.
    ///
    /// - Precondition: at most ``eventsMax`` IDs.
    public func fetch(
        _ ids: [EventID], of room: RoomID, rules: RoomVersionRules
    ) async throws -> [EventID: KnownEvent] {
        precondition(ids.count <= Self.eventsMax, "fetch takes at most \(Self.eventsMax) events")
        let rows = try await database.query(
            """
            SELECT event_id, seq, state_after, rejected, soft_failed, redacted_by IS NOT NULL AS is_redacted, json
              FROM event WHERE event_id = ANY($1::text[]) AND room_id = $2
            """, ids.map(\.rawValue), room.rawValue)
        var events: [EventID: KnownEvent] = [:]
        for row in rows {
            let id = try row.identifier("event_id", as: EventID.self)
            let isRedacted = try row.bool("is_redacted")
            var json = try JSONObject.parse(try row.bytes("json"))
            if isRedacted { json = redact(json, rules: rules) }
            events[id] = KnownEvent(
                event: try Event(json: json, id: id, format: rules.eventFormat),
                position: ShardSequence(try row.int64("seq")),
                stateAfter: try row.optionalInt64("state_after").map { StateRootID($0) },
                isRejected: try row.bool("rejected"), isSoftFailed: try row.bool("soft_failed"),
                isRedacted: isRedacted)
        }
        return events
    }
}
