import Identifiers
import Postgres

/// A row of `event_highlight`: an event that singles somebody out.
public struct EventHighlightRow: Sendable {
    public var room: RoomID
    /// A local user; `nil` for everybody in the room.
    public var user: UserID?
    /// The event's.
    public var position: ShardSequence

    public init(room: RoomID, user: UserID?, position: ShardSequence) {
        self.room = room
        self.user = user
        self.position = position
    }

    /// Adds highlights of new events.
    public static func insert(_ rows: [EventHighlightRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO event_highlight (room_id, user_id, seq, shard)
            SELECT room_id, user_id, seq, shard
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[]) AS rows (shard, room_id, user_id, seq)
            """,
            [
                shards.map(\.number), rows.map(\.room.rawValue), rows.map { $0.user?.rawValue ?? "" },
                rows.map(\.position.value),
            ])
    }

    /// Drops those of redacted events.
    public static func remove(_ events: [EventID]) -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM event_highlight AS h USING event AS e
             WHERE e.event_id = ANY($1::text[]) AND h.room_id = e.room_id AND h.seq = e.seq
            """, [events.map(\.rawValue)])
    }
}
