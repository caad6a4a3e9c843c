import Identifiers
import Postgres

// A purge takes a room's old messages away, some hundred events a transaction, while the room lives. What the room
// stands on stays: all state events, its forward extremities, and what redacts state. So does the root of a thread that
// is still written in. Ordinals of unread counts stay too, because counts are differences of them; they hold no content.

/// Deletes old messages of rooms.
public struct EventPurge: Sendable {
    /// The most events one step looks at, and hence the most it deletes.
    public static let eventsMax = 500

    /// What one step did.
    public struct Step: Sendable, Equatable {
        /// Events deleted.
        public var purged: Int
        /// Where the next step begins; `nil` when nothing older is left.
        public var next: ShardSequence?

        public init(purged: Int, next: ShardSequence?) {
            self.purged = purged
            self.next = next
        }
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Deletes messages of `room` from before `cutoff` among the next events after `position`.
    ///
    /// Positions grow with time but for events that arrived late: a step that sees nothing from before the cutoff is the
    /// last.
    public func step(of room: RoomID, before cutoff: Timestamp, after position: ShardSequence) async throws -> Step {
        let rows = try await database.query(
            """
            WITH looked AS (
                SELECT event_id, seq, origin_server_ts < $3 AS is_old, state_key IS NULL AS is_message
                  FROM event WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $4),
            gone AS (
                SELECT l.event_id, l.seq FROM looked AS l
                 WHERE l.is_old AND l.is_message
                   AND NOT EXISTS (SELECT FROM forward_extremity AS f
                                    WHERE f.room_id = $1 AND f.event_id = l.event_id)
                   AND NOT EXISTS (SELECT FROM thread AS t JOIN event AS latest
                                       ON latest.room_id = t.room_id AND latest.seq = t.latest_seq
                                    WHERE t.room_id = $1 AND t.root_id = l.event_id
                                      AND latest.origin_server_ts >= $3)
                   AND NOT EXISTS (SELECT FROM event AS target
                                    WHERE target.room_id = $1 AND target.state_key IS NOT NULL
                                      AND target.redacted_by IS NOT NULL AND target.redacted_by = l.event_id)),
            events AS (DELETE FROM event AS e USING gone AS g WHERE e.event_id = g.event_id),
            relations AS (DELETE FROM event_relation AS r USING gone AS g WHERE r.event_id = g.event_id),
            threads AS (DELETE FROM thread AS t USING gone AS g WHERE t.room_id = $1 AND t.root_id = g.event_id),
            searched AS (DELETE FROM event_search AS s USING gone AS g WHERE s.room_id = $1 AND s.seq = g.seq),
            highlights AS (DELETE FROM event_highlight AS h USING gone AS g WHERE h.room_id = $1 AND h.seq = g.seq)
            SELECT (SELECT count(*) FROM gone) AS purged, max(seq) AS last, count(*) AS looked,
                   coalesce(bool_or(is_old), false) AS had_old
              FROM looked
            """, room.rawValue, position.value, cutoff.milliseconds, Int64(Self.eventsMax))
        guard let row = rows.first else { return Step(purged: 0, next: nil) }
        let isLast = try !row.bool("had_old") || row.int64("looked") < Int64(Self.eventsMax)
        return Step(
            purged: Int(try row.int64("purged")),
            next: isLast ? nil : try row.optionalInt64("last").map { ShardSequence($0) })
    }
}
