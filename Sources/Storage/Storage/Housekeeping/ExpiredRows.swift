import Identifiers
import Postgres

/// Deletes rows that nobody needs any more, some at a time.
public struct ExpiredRows: Sendable {
    /// The most rows of one table that one call deletes.
    public static let rowsMax = 1_000
    /// How long an expired access token is still known to be one, so that its client may refresh and keep its keys
    /// instead of being logged out.
    public static let expiredTokenKept = Duration.seconds(30 * 86_400)
    /// How long a vote against a room-writer is kept; it counts for seconds.
    static let votesKeptSeconds = 86_400.0

    /// How long a one-time key that was handed out is remembered: a repeat of its upload comes within minutes.
    static let claimedKeysKeptSeconds = 180 * 86_400.0

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Deletes up to ``rowsMax`` rows of each kind that are over at `now`; how many it was.
    public func delete(at now: Timestamp) async throws -> Int {
        let sessions = try await delete(
            "access_token", by: "token_hash", before: now.advanced(by: .zero - Self.expiredTokenKept))
        var others = try await delete("account_token", by: "token_hash", before: now)
        others += try await delete("rendezvous", by: "rendezvous_id", before: now)
        others += try await delete("sticky_event", by: "room_id, seq", before: now)
        let votes = try await database.query(
            "DELETE FROM unreachable_writer WHERE at < now() - make_interval(secs => $1)", Self.votesKeptSeconds
        ).affectedRows
        let keys = try await database.query(
            """
            DELETE FROM one_time_key WHERE (user_id, device_id, key_id) IN (
                SELECT user_id, device_id, key_id FROM one_time_key
                 WHERE claimed_at < now() - make_interval(secs => $1) LIMIT $2)
            """, Self.claimedKeysKeptSeconds, Int64(Self.rowsMax)
        ).affectedRows
        let abandoned = try await AbandonedKeys(database: database).delete()
        return sessions + others + votes + keys + abandoned
    }

    private func delete(_ table: String, by key: String, before: Timestamp) async throws -> Int {
        try await database.query(
            """
            DELETE FROM \(table) WHERE (\(key)) IN (
                SELECT \(key) FROM \(table) WHERE expires_at_ms < $1 LIMIT $2)
            """, before.milliseconds, Int64(Self.rowsMax)
        ).affectedRows
    }
}
