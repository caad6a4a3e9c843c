import CanonicalJSON
import Identifiers
import Postgres

/// Programs that may ask people for access: the `oauth_client` table.
public struct OAuthClientStore: Sendable {
    /// How long a client that nobody uses is kept, in milliseconds; one with a device is kept for ever.
    static let unusedLifeMs: Int64 = 30 * 24 * 3_600 * 1_000
    /// The most unused clients one new client sweeps away.
    static let sweepMax: Int64 = 5

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Keeps a client; one that is known already is kept on.
    public func register(_ id: String, metadata: JSONObject, at now: Timestamp) async throws {
        _ = try await database.query(
            """
            WITH swept AS (
                DELETE FROM oauth_client WHERE client_id IN (
                    SELECT client_id FROM oauth_client AS c WHERE used_at_ms < $4 AND client_id <> $1
                       AND NOT EXISTS (SELECT FROM device AS d WHERE d.oauth_client_id = c.client_id)
                     LIMIT $5 FOR UPDATE SKIP LOCKED)
            )
            INSERT INTO oauth_client (client_id, metadata, used_at_ms) VALUES ($1, $2, $3)
            ON CONFLICT (client_id) DO UPDATE SET used_at_ms = excluded.used_at_ms
            """, id, metadata.bytes(), now.milliseconds, now.milliseconds - Self.unusedLifeMs, Self.sweepMax)
    }

    /// The metadata of a client; `nil` when it is unknown.
    public func metadata(of id: String) async throws -> JSONObject? {
        let rows = try await database.query("SELECT metadata FROM oauth_client WHERE client_id = $1", id)
        return try rows.first.map { try JSONObject.parse(try $0.bytes("metadata")) }
    }
}
