import Events
import Identifiers
import Postgres

/// A row of `countable_event`: an event the room's members have to read.
public struct CountableEventRow: Sendable {
    public var event: EventID
    public var room: RoomID
    public var sender: UserID
    public var position: ShardSequence

    /// - Returns: `nil` for an event that does not count.
    public init?(event: Event, position: ShardSequence) {
        guard UnreadRule.counts(event) else { return nil }
        self.event = event.id
        room = event.room
        sender = event.sender
        self.position = position
    }

    /// Numbers new events after those that are there; their relations are stored before.
    ///
    /// Only the shard's owner appends, one commit after the other, so that nothing comes between the last ordinals and
    /// the next.
    public static func insert(_ rows: [CountableEventRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            WITH fresh AS (
                SELECT rows.*, coalesce(own.thread_id, '') AS thread_id
                  FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::bigint[])
                       AS rows (shard, event_id, room_id, sender, seq)
                  LEFT JOIN event_relation AS own ON own.event_id = rows.event_id),
            numbered AS (
                SELECT *, row_number() OVER (PARTITION BY room_id ORDER BY seq) AS room_number,
                       count(*) FILTER (WHERE thread_id = '') OVER (PARTITION BY room_id ORDER BY seq) AS main_number,
                       row_number() OVER (PARTITION BY room_id, thread_id ORDER BY seq) AS thread_number,
                       row_number() OVER (PARTITION BY room_id, sender ORDER BY seq) AS own_number,
                       count(*) FILTER (WHERE thread_id = '') OVER (PARTITION BY room_id, sender ORDER BY seq)
                           AS own_main_number,
                       row_number() OVER (PARTITION BY room_id, thread_id, sender ORDER BY seq) AS own_thread_number
                  FROM fresh)
            INSERT INTO countable_event (room_id, seq, shard, thread_id, sender, room_ordinal, main_ordinal,
                                         thread_ordinal, sender_ordinal, sender_main_ordinal, sender_thread_ordinal)
            SELECT n.room_id, n.seq, n.shard, n.thread_id, n.sender, coalesce(r.room_ordinal, 0) + n.room_number,
                   coalesce(r.main_ordinal, 0) + n.main_number, coalesce(t.thread_ordinal, 0) + n.thread_number,
                   coalesce(s.sender_ordinal, 0) + n.own_number,
                   coalesce(s.sender_main_ordinal, 0) + n.own_main_number,
                   coalesce(st.sender_thread_ordinal, 0) + n.own_thread_number
              FROM numbered AS n
              LEFT JOIN LATERAL (
                   SELECT c.room_ordinal, c.main_ordinal FROM countable_event AS c
                    WHERE c.room_id = n.room_id ORDER BY c.seq DESC LIMIT 1) AS r ON true
              LEFT JOIN LATERAL (
                   SELECT c.sender_ordinal, c.sender_main_ordinal FROM countable_event AS c
                    WHERE c.room_id = n.room_id AND c.sender = n.sender ORDER BY c.seq DESC LIMIT 1) AS s ON true
              LEFT JOIN LATERAL (
                   SELECT c.thread_ordinal FROM countable_event AS c
                    WHERE n.thread_id <> '' AND c.room_id = n.room_id AND c.thread_id = n.thread_id
                      AND c.thread_id <> '' ORDER BY c.seq DESC LIMIT 1) AS t ON true
              LEFT JOIN LATERAL (
                   SELECT c.sender_thread_ordinal FROM countable_event AS c
                    WHERE n.thread_id <> '' AND c.room_id = n.room_id AND c.thread_id = n.thread_id
                      AND c.thread_id <> '' AND c.sender = n.sender ORDER BY c.seq DESC LIMIT 1) AS st ON true
            """,
            [
                shards.map(\.number), rows.map(\.event.rawValue), rows.map(\.room.rawValue),
                rows.map(\.sender.rawValue), rows.map(\.position.value),
            ])
    }

    /// Takes redacted events out of the counts; their ordinals stay.
    public static func redact(_ events: [EventID]) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE countable_event AS c SET is_redacted = true FROM event AS e
             WHERE e.event_id = ANY($1::text[]) AND c.room_id = e.room_id AND c.seq = e.seq
            """, [events.map(\.rawValue)])
    }
}
