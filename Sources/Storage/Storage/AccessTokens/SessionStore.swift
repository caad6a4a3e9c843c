import Identifiers
import Postgres

// Idea: one device has one live pair of tokens. A refresh token stays good until the one it was exchanged for is
// exchanged in turn, because the answer to an exchange may be lost on its way and the client then asks again; asking
// again takes back what the lost answer gave. Tokens older than that are gone.

/// Logins and refreshes: the `device`, `access_token` and `refresh_token` tables.
public struct SessionStore: Sendable {
    /// How long a replaced access token is still good, for requests under way: at most this, in milliseconds.
    public static let replacedTokenGraceMs: Int64 = 30_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Logs a device in, in one statement: makes the device if it is new and replaces whatever tokens it had.
    ///
    /// - Throws: a foreign key violation when the account or, in a race, the device goes away meanwhile.
    public func start(_ session: SessionStart) async throws {
        _ = try await database.query(
            """
            WITH made AS (
                INSERT INTO device (user_id, device_id, display_name, created_at_ms, last_seen_at_ms)
                VALUES ($1, $2, $3::bytea, $4, $4)
                ON CONFLICT (user_id, device_id) DO UPDATE SET last_seen_at_ms = excluded.last_seen_at_ms
            ), dropped_access AS (
                DELETE FROM access_token WHERE user_id = $1 AND device_id = $2
            ), dropped_refresh AS (
                DELETE FROM refresh_token WHERE user_id = $1 AND device_id = $2
            ), refreshable AS (
                INSERT INTO refresh_token (token_hash, user_id, device_id, created_at_ms)
                SELECT $7::bytea, $1::text, $2::text, $4::bigint WHERE $7::bytea IS NOT NULL
            )
            INSERT INTO access_token (token_hash, user_id, device_id, created_at_ms, expires_at_ms)
            VALUES ($5, $1, $2, $4, $6::bigint)
            """,
            session.user.rawValue, session.device.rawValue, session.displayName.map { Array($0.utf8) },
            session.at.milliseconds, session.tokens.accessHash, session.tokens.accessExpiresAt?.milliseconds,
            session.tokens.refreshHash)
    }

    /// Exchanges the refresh token with hash `old` for `new`, in one statement.
    ///
    /// - Precondition: `new` has a refresh token.
    public func refresh(_ old: [UInt8], with new: SessionTokens, at now: Timestamp) async throws -> RefreshOutcome {
        precondition(new.refreshHash != nil, "a refresh gives a new refresh token")
        let rows = try await database.query(
            """
            WITH held AS MATERIALIZED (
                SELECT user_id, device_id FROM refresh_token WHERE token_hash = $1 FOR UPDATE
            ), spent AS (
                DELETE FROM refresh_token AS gone USING held
                 WHERE gone.user_id = held.user_id AND gone.device_id = held.device_id AND gone.token_hash <> $1
            ), marked AS (
                UPDATE refresh_token SET successor = $2 WHERE token_hash = $1
            ), refreshable AS (
                INSERT INTO refresh_token (token_hash, user_id, device_id, created_at_ms)
                SELECT $2::bytea, user_id, device_id, $4::bigint FROM held
            ), retired AS (
                UPDATE access_token AS old SET expires_at_ms = least(coalesce(old.expires_at_ms, $5::bigint), $5::bigint)
                  FROM held WHERE old.user_id = held.user_id AND old.device_id = held.device_id
            ), fresh AS (
                INSERT INTO access_token (token_hash, user_id, device_id, created_at_ms, expires_at_ms)
                SELECT $3::bytea, user_id, device_id, $4::bigint, $6::bigint FROM held
            )
            SELECT user_id, device_id FROM held
            """,
            old, new.refreshHash, new.accessHash, now.milliseconds,
            now.milliseconds + Self.replacedTokenGraceMs, new.accessExpiresAt?.milliseconds)
        guard let row = rows.first else { return .unknown }
        guard let user = UserID(try row.text("user_id")), let device = DeviceID(try row.text("device_id")) else {
            throw StoreError.malformedRow("refresh_token")
        }
        return .refreshed(user: user, device: device)
    }

    /// Drops the access tokens of `user` that expired before `now`; those of refreshed sessions pile up otherwise.
    @discardableResult
    public func dropExpired(of user: UserID, at now: Timestamp) async throws -> Int {
        let rows = try await database.query(
            "DELETE FROM access_token WHERE user_id = $1 AND expires_at_ms < $2 RETURNING token_hash",
            user.rawValue, now.milliseconds)
        return rows.count
    }
}
