import Identifiers
import Postgres

/// Tokens that allow somebody to register: the `registration_token` table.
public struct RegistrationTokenStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Makes a token; `false` when it exists already.
    ///
    /// - Parameters:
    ///   - usesAllowed: `nil` for no limit.
    ///   - expiresAt: `nil` for never.
    public func insert(_ token: String, usesAllowed: Int32?, expiresAt: Timestamp?) async throws -> Bool {
        let rows = try await database.query(
            """
            INSERT INTO registration_token (token, uses_allowed, expires_at_ms) VALUES ($1, $2::integer, $3::bigint)
            ON CONFLICT (token) DO NOTHING RETURNING token
            """,
            token, usesAllowed, expiresAt?.milliseconds)
        return !rows.isEmpty
    }

    /// Whether `token` would let somebody register at `now`; takes no use of it.
    public func isValid(_ token: String, at now: Timestamp) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT FROM registration_token
             WHERE token = $1 AND (uses_allowed IS NULL OR uses < uses_allowed)
               AND (expires_at_ms IS NULL OR expires_at_ms > $2)
            """,
            token, now.milliseconds)
        return !rows.isEmpty
    }
}
