import Identifiers
import Postgres

/// Delayed events as users schedule them: the `delayed_event` table, judged by the database's clock.
public struct DelayedEventStore: Sendable {
    /// The most events of one user that wait.
    public static let scheduledPerUserMax = 100
    /// The most events a list returns.
    public static let listMax = 200

    /// What became of scheduling one.
    public enum Scheduling: Sendable, Equatable {
        /// It waits, or has been scheduled under this ID before.
        case scheduled
        case tooMany
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Schedules `event`; the same ID again changes nothing.
    public func insert(_ event: DelayedEvent) async throws -> Scheduling {
        let rows = try await database.query(
            """
            WITH known AS (SELECT delay_id FROM delayed_event WHERE delay_id = $1), made AS (
                INSERT INTO delayed_event (delay_id, command_id, shard, room_id, user_id, type, state_key, draft,
                                           delay_ms, after_seq, due_at)
                SELECT $1::text, $2::bytea, $3::smallint, $4::text, $5::text, $6::bytea, $7::bytea, $8::bytea,
                       $9::bigint, (SELECT seq FROM head WHERE shard = $3::smallint),
                       now() + make_interval(secs => $9::bigint / 1000.0)
                 WHERE (SELECT count(*) FROM delayed_event WHERE user_id = $5 AND phase < 2) < $10::bigint
                ON CONFLICT (delay_id) DO NOTHING RETURNING delay_id)
            SELECT EXISTS (SELECT FROM known) OR EXISTS (SELECT FROM made) AS is_there
            """,
            event.id, event.command, event.shard.number, event.room.rawValue, event.user.rawValue,
            Array(event.type.utf8), event.stateKey.map { Array($0.utf8) }, event.draft, event.delay.milliseconds,
            Int64(Self.scheduledPerUserMax))
        return try rows.first?.bool("is_there") ?? false ? .scheduled : .tooMany
    }

    public func fetch(_ id: String) async throws -> ListedDelay? {
        let rows = try await database.query(
            "SELECT \(ListedDelay.columns) FROM delayed_event WHERE delay_id = $1", id)
        return try rows.first.map { try ListedDelay(row: $0) }
    }

    /// How long it is until the next event of `user` is due; `nil` when none waits.
    public func untilNext(of user: UserID) async throws -> Duration? {
        let rows = try await database.query(
            """
            SELECT (extract(epoch FROM min(due_at) - now()) * 1000)::bigint AS left_ms FROM delayed_event
             WHERE user_id = $1 AND phase < 2
            """, user.rawValue)
        return try rows.first?.optionalInt64("left_ms").map { .milliseconds(max(0, $0)) }
    }

    /// The events of `user` that wait, those first that are due first, or that are over, the newest first; at most
    /// ``listMax``.
    public func list(of user: UserID, areOver: Bool) async throws -> [ListedDelay] {
        let rows = try await database.query(
            """
            SELECT \(ListedDelay.columns) FROM delayed_event
             WHERE user_id = $1 AND \(areOver ? "phase >= 2" : "phase < 2")
             ORDER BY \(areOver ? "since DESC" : "due_at"), delay_id LIMIT $2
            """,
            user.rawValue, Int64(Self.listMax))
        return try rows.map { try ListedDelay(row: $0) }
    }

    /// Has an event that waits begin to wait anew; `false` when none of this ID waits.
    public func restart(_ id: String) async throws -> Bool {
        let rows = try await database.query(
            """
            UPDATE delayed_event SET since = now(), due_at = now() + make_interval(secs => delay_ms / 1000.0)
             WHERE delay_id = $1 AND phase = 0 RETURNING delay_id
            """, id)
        return !rows.isEmpty
    }

    /// Has an event that waits be sent now; `false` when none of this ID waits.
    public func hasten(_ id: String) async throws -> Bool {
        let rows = try await database.query(
            "UPDATE delayed_event SET due_at = now() WHERE delay_id = $1 AND phase = 0 RETURNING delay_id", id)
        return !rows.isEmpty
    }

    /// Ends an event that waits without sending it; `false` when none of this ID waits.
    public func cancel(_ id: String) async throws -> Bool {
        let rows = try await database.query(
            """
            UPDATE delayed_event SET phase = 3, ended_at = now() WHERE delay_id = $1 AND phase = 0 RETURNING delay_id
            """, id)
        return !rows.isEmpty
    }
}
