import Identifiers
import Postgres

/// Deletes rows that nobody needs any more, some at a time.
public struct ExpiredRows: Sendable {
    /// The most rows of one table that one call deletes.
    public static let rowsMax = 1_000
    /// How long an expired access token is still known to be one, so that its client may refresh and keep its keys
    /// instead of being logged out.
    public static let expiredTokenKept = Duration.seconds(30 * 86_400)
    /// How long a session of user-interactive authentication lasts.
    public static let authenticationSessionKept = Duration.seconds(86_400)
    /// How long a vote against a room-writer is kept; it counts for seconds.
    static let votesKeptSeconds = 86_400.0

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Deletes up to ``rowsMax`` rows of each kind that are over at `now`; how many it was.
    public func delete(at now: Timestamp) async throws -> Int {
        let tokens = try await delete(
            "access_token", "token_hash", "expires_at_ms", before: now.advanced(by: .zero - Self.expiredTokenKept))
        let sessions = try await delete(
            "uia_session", "session_id", "created_at_ms",
            before: now.advanced(by: .zero - Self.authenticationSessionKept))
        let votes = try await database.query(
            "DELETE FROM unreachable_writer WHERE at < now() - make_interval(secs => $1)", Self.votesKeptSeconds
        ).affectedRows
        return tokens + sessions + votes
    }

    private func delete(_ table: String, _ key: String, _ column: String, before: Timestamp) async throws -> Int {
        try await database.query(
            """
            DELETE FROM \(table) WHERE \(key) IN (
                SELECT \(key) FROM \(table) WHERE \(column) < $1 LIMIT $2)
            """, before.milliseconds, Int64(Self.rowsMax)
        ).affectedRows
    }
}
