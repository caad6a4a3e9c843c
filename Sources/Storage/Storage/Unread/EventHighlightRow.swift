import Events
import Identifiers
import Postgres

/// A row of `event_highlight`: an event that singles somebody out.
public struct EventHighlightRow: Sendable {
    public var event: EventID
    public var room: RoomID
    public var sender: UserID
    /// A local user; `nil` for everybody in the room.
    public var user: UserID?
    /// The event's.
    public var position: ShardSequence
    /// Whether everybody has to read it.
    public var isCountable: Bool

    public init(event: Event, user: UserID?, position: ShardSequence) {
        self.event = event.id
        room = event.room
        sender = event.sender
        self.user = user
        self.position = position
        isCountable = UnreadRule.counts(event)
    }

    /// Adds highlights of new events; their relations are stored before.
    public static func insert(_ rows: [EventHighlightRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO event_highlight (room_id, user_id, seq, shard, sender, thread_id, is_countable)
            SELECT rows.room_id, rows.user_id, rows.seq, rows.shard, rows.sender, coalesce(own.thread_id, ''),
                   rows.is_countable
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::boolean[])
                   AS rows (shard, event_id, room_id, user_id, sender, seq, is_countable)
              LEFT JOIN event_relation AS own ON own.event_id = rows.event_id
            """,
            [
                shards.map(\.number), rows.map(\.event.rawValue), rows.map(\.room.rawValue),
                rows.map { $0.user?.rawValue ?? "" }, rows.map(\.sender.rawValue), rows.map(\.position.value),
                rows.map(\.isCountable),
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
