import Identifiers
import Postgres

// Idea: a bucket of `burst` drops that fills by one each `interval` needs one number: when it would be full again if
// nothing more were taken. Taking one moves that moment by `interval`; it may not come to lie further ahead than `burst`
// intervals. One statement takes or refuses, so the limit holds whichever worker is asked; a row that is full again says
// nothing and goes, so the table is as large as what was lately taken.

/// Limits that all workers share: the `rate_bucket` table.
public struct RateBucketStore: Sendable {
    /// The most full buckets one new bucket sweeps away.
    static let sweepMax: Int64 = 20

    public enum Outcome: Sendable, Equatable {
        case taken
        case refused(retryAfter: Duration)
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Takes one from the bucket `key`.
    ///
    /// - Parameters:
    ///   - interval: in which one comes back, in milliseconds; at least 1.
    ///   - burst: how many there are; at least 1.
    public func take(_ key: [UInt8], intervalMs: Int64, burst: Int64, at now: Timestamp) async throws -> Outcome {
        precondition(intervalMs > 0 && burst > 0, "a bucket has drops and fills up")
        let rows = try await database.query(
            """
            WITH swept AS (
                DELETE FROM rate_bucket WHERE key IN (
                    SELECT key FROM rate_bucket WHERE full_at_ms <= $2 AND key <> $1
                     LIMIT $5 FOR UPDATE SKIP LOCKED)
            ), made AS (
                INSERT INTO rate_bucket AS b (key, full_at_ms) VALUES ($1, $2::bigint + $3::bigint)
                ON CONFLICT (key) DO UPDATE SET full_at_ms = greatest(b.full_at_ms, $2::bigint) + $3::bigint
                 WHERE greatest(b.full_at_ms, $2::bigint) + $3::bigint <= $2::bigint + $3::bigint * $4::bigint
                RETURNING full_at_ms
            )
            SELECT full_at_ms, true AS is_taken FROM made
            UNION ALL
            SELECT full_at_ms, false FROM rate_bucket WHERE key = $1 AND NOT EXISTS (SELECT FROM made)
            """, key, now.milliseconds, intervalMs, burst, Self.sweepMax)
        // No row: refused by one that was made after this statement began to look.
        guard let row = rows.first else { return .refused(retryAfter: .milliseconds(intervalMs)) }
        if try row.bool("is_taken") { return .taken }
        return Self.refusal(fullAtMs: try row.int64("full_at_ms"), intervalMs, burst, now)
    }

    /// Gives back one that was taken from the bucket `key`.
    public func giveBack(_ key: [UInt8], intervalMs: Int64) async throws {
        _ = try await database.query(
            "UPDATE rate_bucket SET full_at_ms = full_at_ms - $2 WHERE key = $1", key, intervalMs)
    }

    private static func refusal(fullAtMs: Int64, _ intervalMs: Int64, _ burst: Int64, _ now: Timestamp) -> Outcome {
        let wait = fullAtMs + intervalMs - now.milliseconds - intervalMs * burst
        return .refused(retryAfter: .milliseconds(max(1, wait)))
    }
}
