import Events
import Identifiers
import Postgres
import RoomRules

/// Reads rooms' events; what was rejected or soft-failed is never among them.
public struct EventStore: Sendable {
    /// The most events one call returns.
    public static let eventsMax = 1_000

    public enum Direction: Sendable {
        /// From newer to older.
        case backward
        case forward
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The events of `room` with these IDs, as far as they are there; at most ``eventsMax`` are asked for.
    public func events(
        _ ids: [EventID], of room: RoomID, rules: RoomVersionRules
    ) async throws -> [EventID: StoredEvent] {
        precondition(ids.count <= Self.eventsMax, "more events are asked for at once than one call returns")
        guard !ids.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT \(StoredEvent.columns) FROM event AS e
             WHERE e.event_id = ANY($1::text[]) AND e.room_id = $2 AND NOT e.rejected AND NOT e.soft_failed
            """, ids.map(\.rawValue), room.rawValue)
        var events: [EventID: StoredEvent] = [:]
        for row in rows {
            let stored = try StoredEvent(row: row, rules: rules)
            events[stored.event.id] = stored
        }
        return events
    }

    /// The events of `room` at these positions, as far as there are any; at most ``eventsMax`` are asked for.
    public func events(
        at positions: [ShardSequence], of room: RoomID, rules: RoomVersionRules
    ) async throws -> [StoredEvent] {
        precondition(positions.count <= Self.eventsMax, "more events are asked for at once than one call returns")
        guard !positions.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT \(StoredEvent.columns) FROM event AS e
             WHERE e.room_id = $1 AND e.seq = ANY($2::bigint[]) AND NOT e.rejected AND NOT e.soft_failed ORDER BY e.seq
            """, room.rawValue, positions.map(\.value))
        return try rows.map { try StoredEvent(row: $0, rules: rules) }
    }

    /// The event of `room` with this ID; `nil` when the room does not have it.
    public func event(_ id: EventID, of room: RoomID, rules: RoomVersionRules) async throws -> StoredEvent? {
        try await events([id], of: room, rules: rules)[id]
    }

    /// Events of `room` in the order of their positions, `after` exclusive and `upTo` inclusive.
    ///
    /// - Parameters:
    ///   - direction: which end of the range the page begins at; also the order of the answer.
    ///   - limit: at most ``eventsMax``.
    public func page(
        of room: RoomID, after: ShardSequence, upTo: ShardSequence, direction: Direction, limit: Int,
        rules: RoomVersionRules
    ) async throws -> [StoredEvent] {
        precondition((0...Self.eventsMax).contains(limit), "a page of events has at most \(Self.eventsMax)")
        let order = direction == .backward ? "DESC" : "ASC"
        let rows = try await database.query(
            """
            SELECT \(StoredEvent.columns) FROM event AS e
             WHERE e.room_id = $1 AND e.seq > $2 AND e.seq <= $3 AND NOT e.rejected AND NOT e.soft_failed
             ORDER BY e.seq \(order) LIMIT $4
            """, room.rawValue, after.value, upTo.value, Int64(limit))
        return try rows.map { try StoredEvent(row: $0, rules: rules) }
    }

    /// The events that the state events at `positions` replaced in current state, by the position of the replacing one.
    ///
    /// - Parameter positions: of events of `room`, at most ``eventsMax``.
    public func replaced(
        at positions: [ShardSequence], in room: RoomID, rules: RoomVersionRules
    ) async throws -> [ShardSequence: StoredEvent] {
        precondition(positions.count <= Self.eventsMax, "more events are asked for at once than one call returns")
        guard !positions.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT \(StoredEvent.columns), c.seq AS replaced_at
              FROM state_change AS c
              JOIN event AS own ON own.shard = c.shard AND own.seq = c.seq AND own.event_id = c.event_id
              JOIN event AS e ON e.event_id = c.prev_event_id
             WHERE c.room_id = $1 AND c.seq = ANY($2::bigint[])
            """, room.rawValue, positions.map(\.value))
        var events: [ShardSequence: StoredEvent] = [:]
        for row in rows {
            events[ShardSequence(try row.int64("replaced_at"))] = try StoredEvent(row: row, rules: rules)
        }
        return events
    }
}
