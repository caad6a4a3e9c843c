import Postgres

// Nobody waits for housekeeping, so it gives way. After each step it rests for several times as long as the step took:
// when the database is busy steps take longer, and so do the rests. With many statements under way it waits altogether.

/// How fast housekeeping goes.
package struct HousekeepingPace: Sendable {
    /// Rests are this many times as long as the step before them.
    package static let restsPerWork = 4
    /// The longest rest; a lease outlasts it.
    package static let restMax = Duration.seconds(5)
    /// Statements under way at which housekeeping waits.
    package static let activeSessionsMax = 32

    let database: any PostgresQuerying

    package init(database: any PostgresQuerying) { self.database = database }

    /// How long to rest after a step.
    package static func rest(after step: Duration) -> Duration { min(step * restsPerWork, restMax) }

    /// Whether others need the database more.
    package func isHeldBack() async throws(PostgresError) -> Bool {
        let rows = try await database.query(
            """
            SELECT count(*) AS active FROM pg_stat_activity
             WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
            """)
        return try rows.first?.int64("active") ?? 0 >= Int64(Self.activeSessionsMax)
    }
}
