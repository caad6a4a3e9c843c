import Identifiers
import Postgres

/// How far each housekeeping job has come: the `job` table, judged by the database's clock.
public struct JobStore: Sendable {
    /// The most bytes of a failure's text that are kept.
    static let failureBytesMax = 1_000

    /// Where a job stands.
    public struct State: Sendable, Equatable {
        /// Where the run under way goes on; `nil` at its start.
        public var checkpoint: [UInt8]?
        /// Why the last attempt ended, when it failed.
        public var failure: String?
        public var hasFinishedOnce: Bool
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Begins a run that is due, or goes on with one that was interrupted; `nil` when the job is not due.
    public func begin(_ job: String) async throws -> State? {
        let rows = try await database.query(
            """
            INSERT INTO job AS j (name, started_at) VALUES ($1, now())
            ON CONFLICT (name) DO UPDATE
               SET started_at = CASE WHEN j.checkpoint IS NULL THEN now() ELSE j.started_at END
             WHERE j.due_at <= now()
            RETURNING checkpoint, failure, finished_at IS NOT NULL AS has_finished
            """, job)
        return try rows.first.map { try Self.state($0) }
    }

    /// Writes down where the run goes on.
    public func advance(_ job: String, to checkpoint: [UInt8]) async throws {
        try await database.query("UPDATE job SET checkpoint = $2, failure = NULL WHERE name = $1", job, checkpoint)
    }

    /// The run is over; the next is due after `pause`.
    public func finish(_ job: String, nextAfter pause: Duration) async throws {
        try await database.query(
            """
            UPDATE job SET checkpoint = NULL, failure = NULL, finished_at = now(),
                           due_at = now() + make_interval(secs => $2)
             WHERE name = $1
            """, job, Double(pause.components.seconds))
    }

    /// The run failed; it goes on from its checkpoint after `pause`.
    public func fail(_ job: String, because failure: String, againAfter pause: Duration) async throws {
        try await database.query(
            "UPDATE job SET failure = $2, due_at = now() + make_interval(secs => $3) WHERE name = $1",
            job, String(decoding: failure.utf8.prefix(Self.failureBytesMax), as: UTF8.self),
            Double(pause.components.seconds))
    }

    /// Where a job stands; `nil` before its first run.
    public func fetch(_ job: String) async throws -> State? {
        let rows = try await database.query(
            "SELECT checkpoint, failure, finished_at IS NOT NULL AS has_finished FROM job WHERE name = $1", job)
        return try rows.first.map { try Self.state($0) }
    }

    private static func state(_ row: PostgresRow) throws -> State {
        State(
            checkpoint: try row.optionalBytes("checkpoint"), failure: try row.optionalText("failure"),
            hasFinishedOnce: try row.bool("has_finished"))
    }
}
