import Events
import Identifiers
import Postgres

/// A row of `sticky_event`: an event its room's members are told of however far back it is.
public struct StickyEventRow: Sendable {
    public var room: RoomID
    public var position: ShardSequence
    public var end: Timestamp

    /// - Returns: `nil` for an event that does not stick, or whose time is over at `arrival`.
    public init?(event: Event, position: ShardSequence, arrival: Timestamp) {
        guard let end = event.stickyEnd(arrival: arrival), end > arrival else { return nil }
        room = event.room
        self.position = position
        self.end = end
    }

    /// Notes new events.
    public static func insert(_ rows: [StickyEventRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO sticky_event (shard, room_id, seq, expires_at_ms)
            SELECT shard, room_id, seq, expires_at_ms
              FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::bigint[])
                   AS rows (shard, room_id, seq, expires_at_ms)
            """,
            [shards.map(\.number), rows.map(\.room.rawValue), rows.map(\.position.value), rows.map(\.end.milliseconds)])
    }

    /// Forgets redacted events.
    public static func remove(_ events: [EventID]) -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM sticky_event AS s USING event AS e
             WHERE e.event_id = ANY($1::text[]) AND s.room_id = e.room_id AND s.seq = e.seq
            """, [events.map(\.rawValue)])
    }
}
