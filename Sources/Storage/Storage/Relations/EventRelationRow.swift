import Events
import Identifiers
import Postgres

/// A row of `event_relation`: what an event in force relates to.
public struct EventRelationRow: Sendable {
    public var event: Event
    public var relation: EventRelation
    /// The event's.
    public var position: ShardSequence

    /// - Returns: `nil` for an event that relates to nothing.
    public init?(event: Event, position: ShardSequence) {
        guard let relation = event.relation else { return nil }
        self.event = event
        self.relation = relation
        self.position = position
    }

    /// Adds relations of new events, and what they make of the room's threads.
    ///
    /// An event is in its parent's thread; a parent in the same statement is looked at one step far.
    public static func insert(_ rows: [EventRelationRow], in shards: [ShardID]) -> [PostgresStatement] {
        let relations = PostgresStatement(
            """
            WITH fresh AS (
                SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[],
                                     $7::bytea[], $8::text[], $9::bigint[], $10::boolean[], $11::bigint[])
                    AS rows (shard, event_id, room_id, parent_id, rel_type, key, type, sender, origin_server_ts,
                             replaces, seq))
            INSERT INTO event_relation (event_id, room_id, parent_id, rel_type, key, type, sender, origin_server_ts,
                                        replaces, thread_id, shard, seq)
            SELECT f.event_id, f.room_id, f.parent_id, f.rel_type, f.key, f.type, f.sender, f.origin_server_ts,
                   f.replaces,
                   CASE WHEN f.rel_type = 'm.thread' THEN f.parent_id
                        ELSE coalesce(p.thread_id, CASE WHEN b.rel_type = 'm.thread' THEN b.parent_id END) END,
                   f.shard, f.seq
              FROM fresh AS f
              LEFT JOIN event_relation AS p ON p.event_id = f.parent_id AND p.room_id = f.room_id
              LEFT JOIN fresh AS b ON b.event_id = f.parent_id AND b.room_id = f.room_id
            """,
            [
                shards.map(\.number), rows.map(\.event.id.rawValue), rows.map(\.event.room.rawValue),
                rows.map(\.relation.parent.rawValue), rows.map { Array($0.relation.type.utf8) },
                rows.map { $0.relation.key.map { Array($0.utf8) } }, rows.map { Array($0.event.type.utf8) },
                rows.map(\.event.sender.rawValue), rows.map(\.event.originServerTS.milliseconds),
                rows.map(\.event.isReplacement), rows.map(\.position.value),
            ])
        let threaded = rows.filter { $0.relation.isType("m.thread") }
        guard !threaded.isEmpty else { return [relations] }
        let threads = PostgresStatement(
            """
            INSERT INTO thread AS known (room_id, root_id, latest_seq, event_count)
            SELECT room_id, root_id, max(seq), count(*)
              FROM unnest($1::text[], $2::text[], $3::bigint[]) AS rows (room_id, root_id, seq)
             GROUP BY room_id, root_id
            ON CONFLICT (room_id, root_id) DO UPDATE
               SET latest_seq = greatest(known.latest_seq, excluded.latest_seq),
                   event_count = known.event_count + excluded.event_count
            """,
            [
                threaded.map(\.event.room.rawValue), threaded.map(\.relation.parent.rawValue),
                threaded.map(\.position.value),
            ])
        return [relations, threads]
    }

    /// Breaks the relations of redacted events.
    public static func remove(_ events: [EventID]) -> PostgresStatement {
        PostgresStatement(
            """
            WITH gone AS (
                DELETE FROM event_relation WHERE event_id = ANY($1::text[]) RETURNING room_id, parent_id, rel_type)
            UPDATE thread AS t
               SET event_count = t.event_count - lost.number,
                   latest_seq = coalesce((
                       SELECT max(r.seq) FROM event_relation AS r
                        WHERE r.parent_id = t.root_id AND r.rel_type = 'm.thread' AND r.room_id = t.room_id
                          AND r.event_id <> ALL($1::text[])), 0)
              FROM (SELECT room_id, parent_id, count(*) AS number FROM gone WHERE rel_type = 'm.thread'
                     GROUP BY room_id, parent_id) AS lost
             WHERE t.room_id = lost.room_id AND t.root_id = lost.parent_id
            """, [events.map(\.rawValue)])
    }
}
