import Identifiers
import Postgres

/// What links were found to lead to: the `url_preview` table.
public struct PreviewStore: Sendable {
    /// The most previews that one call of ``deleteExpired(at:)`` deletes.
    public static let deletedMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) { self.database = database }

    /// The JSON kept for a link; `nil` when there is none, or it is too old.
    ///
    /// - Parameter hash: SHA-256 of the link.
    public func fetch(_ hash: [UInt8], at now: Timestamp) async throws -> [UInt8]? {
        let rows = try await database.query(
            "SELECT preview FROM url_preview WHERE url_hash = $1 AND expires_at_ms > $2", hash, now.milliseconds)
        return try rows.first?.bytes("preview")
    }

    public func upsert(_ hash: [UInt8], _ preview: [UInt8], expiresAt: Timestamp) async throws {
        try await database.query(
            """
            INSERT INTO url_preview (url_hash, preview, expires_at_ms) VALUES ($1, $2, $3)
            ON CONFLICT (url_hash) DO UPDATE SET preview = excluded.preview, expires_at_ms = excluded.expires_at_ms
            """, hash, preview, expiresAt.milliseconds)
    }

    /// Deletes what is too old; how many it was.
    public func deleteExpired(at now: Timestamp) async throws -> Int {
        try await database.query(
            """
            DELETE FROM url_preview WHERE url_hash IN (
                SELECT url_hash FROM url_preview WHERE expires_at_ms <= $1 LIMIT $2)
            """, now.milliseconds, Int64(Self.deletedMax)
        ).affectedRows
    }
}
