import Identifiers
import Postgres

// Taking up, sending and ending are three steps, and a writer may die between any two. What was taken up cannot be
// cancelled any more, and is taken up again by whoever owns the shard then, under the same command ID: the room takes it
// once. So an event is either cancelled or sent, never both, and never twice.

/// Delayed events as owners of shards send them: the `delayed_event` table.
public struct DueEventStore: Sendable {
    /// The most events taken up at once.
    public static let batchMax = 100
    /// How long an event that is over is listed.
    public static let keptSeconds: Int64 = 7 * 86_400
    /// The most events that are forgotten at once.
    public static let forgottenMax = 1_000

    /// What became of an event that was taken up.
    public enum Outcome: Sendable {
        case sent(EventID)
        /// JSON of why.
        case refused([UInt8])
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Ends the state events of `shards` that are due and that others have set meanwhile.
    public func cancelOverruled(in shards: [ShardID]) async throws {
        _ = try await database.query(
            """
            UPDATE delayed_event AS d SET phase = 3, ended_at = now()
              FROM (SELECT delay_id FROM delayed_event
                     WHERE shard = ANY($1::smallint[]) AND phase = 0 AND due_at <= now() AND state_key IS NOT NULL
                     ORDER BY due_at LIMIT $2) AS due, current_state AS s, event AS e
             WHERE d.delay_id = due.delay_id AND d.phase = 0
               AND s.room_id = d.room_id AND s.type = d.type AND s.state_key = d.state_key AND s.seq > d.after_seq
               AND e.event_id = s.event_id AND e.sender <> d.user_id
            """, shards.map(\.number), Int64(Self.batchMax))
    }

    /// Takes up the events of `shards` that are due, those first that have been longest; at most ``batchMax``.
    ///
    /// - Returns: each with how long it has been due.
    public func take(in shards: [ShardID]) async throws -> [(event: DelayedEvent, lag: Duration)] {
        guard !shards.isEmpty else { return [] }
        let rows = try await database.query(
            """
            UPDATE delayed_event SET phase = 1
             WHERE delay_id IN (SELECT delay_id FROM delayed_event
                                 WHERE shard = ANY($1::smallint[]) AND phase < 2 AND due_at <= now()
                                 ORDER BY due_at LIMIT $2)
               AND phase < 2
            RETURNING \(DelayedEvent.columns), (extract(epoch FROM now() - due_at) * 1000)::bigint AS lag_ms
            """, shards.map(\.number), Int64(Self.batchMax))
        return try rows.map { (try DelayedEvent(row: $0), .milliseconds(try $0.int64("lag_ms"))) }
    }

    /// Writes down what became of an event.
    public func end(_ event: DelayedEvent, _ outcome: Outcome) async throws {
        let (phase, sent, error): (DelayedEvent.Phase, EventID?, [UInt8]?) =
            switch outcome {
            case .sent(let id): (.sent, id, nil)
            case .refused(let reason): (.refused, nil, reason)
            }
        _ = try await database.query(
            """
            UPDATE delayed_event SET phase = $2, event_id = $3, error = $4, ended_at = now()
             WHERE delay_id = $1 AND phase = 1
            """, event.id, phase.rawValue, sent?.rawValue, error)
    }

    /// Forgets events that have long been over.
    public func forget() async throws {
        _ = try await database.query(
            """
            DELETE FROM delayed_event WHERE delay_id IN (
                SELECT delay_id FROM delayed_event
                 WHERE phase >= 2 AND ended_at < now() - make_interval(secs => $1) LIMIT $2)
            """, Double(Self.keptSeconds), Int64(Self.forgottenMax))
    }
}
