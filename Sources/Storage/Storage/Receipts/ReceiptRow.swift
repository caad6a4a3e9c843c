import Identifiers
import Postgres

/// A row of `receipt`: how far a user has read in a room or one of its threads.
public struct ReceiptRow: Sendable {
    public var room: RoomID
    public var user: UserID
    public var type: String
    /// Empty for an unthreaded receipt.
    public var thread: String
    public var event: EventID
    /// Where ``event`` is in the room's shard.
    public var eventPosition: ShardSequence
    public var readAt: Timestamp
    public var position: ShardSequence

    public init(
        room: RoomID, user: UserID, type: String, thread: String, event: EventID, eventPosition: ShardSequence,
        readAt: Timestamp, position: ShardSequence
    ) {
        self.room = room
        self.user = user
        self.type = type
        self.thread = thread
        self.event = event
        self.eventPosition = eventPosition
        self.readAt = readAt
        self.position = position
    }

    /// The same for rows of one shard.
    public static func upsert(_ rows: [ReceiptRow], in shard: ShardID) -> PostgresStatement {
        upsert(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Records receipts, of which no two have the same room, user, type and thread; an older one replaces nothing.
    public static func upsert(_ rows: [ReceiptRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO receipt AS stored (room_id, user_id, type, thread_id, event_id, event_seq, read_at_ms, shard, seq)
            SELECT room_id, user_id, type, thread_id, event_id, event_seq, read_at_ms, shard, seq
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                          $8::bigint[], $9::bigint[])
                   AS rows (shard, room_id, user_id, type, thread_id, event_id, event_seq, read_at_ms, seq)
            ON CONFLICT (room_id, user_id, type, thread_id) DO UPDATE
               SET event_id = excluded.event_id, event_seq = excluded.event_seq, read_at_ms = excluded.read_at_ms,
                   shard = excluded.shard, seq = excluded.seq
             WHERE stored.event_seq < excluded.event_seq
            """,
            [
                shards.map(\.number), rows.map(\.room.rawValue), rows.map(\.user.rawValue), rows.map(\.type),
                rows.map(\.thread), rows.map(\.event.rawValue), rows.map(\.eventPosition.value),
                rows.map(\.readAt.milliseconds), rows.map(\.position.value),
            ])
    }
}
