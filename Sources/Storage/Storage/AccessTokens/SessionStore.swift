import Identifiers
import Postgres

// Idea: a refresh token stays good until the pair it was exchanged for is used, because the answer to an exchange may be
// lost on its way and the client then asks again; asking again takes back what the lost answer gave. From the first use
// of the new pair (the access token's, noted by whoever checks it, or the refresh token's exchange) the old one is spent.
// It is kept: somebody who shows a spent token has stolen it or was stolen from, and the device's tokens all end.

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
                INSERT INTO device (user_id, device_id, display_name, created_at_ms, last_seen_at_ms, oauth_client_id)
                VALUES ($1, $2, $3::bytea, $4, $4, $8::text)
                ON CONFLICT (user_id, device_id) DO UPDATE
                   SET last_seen_at_ms = excluded.last_seen_at_ms, oauth_client_id = excluded.oauth_client_id
            ), dropped_access AS (
                DELETE FROM access_token WHERE user_id = $1 AND device_id = $2
            ), dropped_refresh AS (
                DELETE FROM refresh_token WHERE user_id = $1 AND device_id = $2
            ), refreshable AS (
                INSERT INTO refresh_token (token_hash, user_id, device_id, created_at_ms)
                SELECT $7::bytea, $1::text, $2::text, $4::bigint WHERE $7::bytea IS NOT NULL
            )
            INSERT INTO access_token (token_hash, user_id, device_id, created_at_ms, expires_at_ms, refresh_hash)
            VALUES ($5, $1, $2, $4, $6::bigint, $7::bytea)
            """,
            session.user.rawValue, session.device.rawValue, session.displayName.map { Array($0.utf8) },
            session.at.milliseconds, session.tokens.accessHash, session.tokens.accessExpiresAt?.milliseconds,
            session.tokens.refreshHash, session.oauthClient)
    }

    /// Exchanges the refresh token with hash `old` for `new`, in one statement.
    ///
    /// - Parameter client: the OAuth client the device must belong to; `nil` for one that belongs to none.
    /// - Precondition: `new` has a refresh token.
    public func refresh(
        _ old: [UInt8], with new: SessionTokens, client: String? = nil, at now: Timestamp
    ) async throws -> RefreshOutcome {
        precondition(new.refreshHash != nil, "a refresh gives a new refresh token")
        let rows = try await database.query(
            """
            WITH held AS MATERIALIZED (
                SELECT r.user_id, r.device_id, r.spent_at_ms IS NOT NULL AS is_spent,
                       a.locked_at_ms IS NOT NULL AS is_locked
                  FROM refresh_token AS r JOIN account AS a USING (user_id) JOIN device AS d USING (user_id, device_id)
                 WHERE r.token_hash = $1 AND d.oauth_client_id IS NOT DISTINCT FROM $7::text FOR UPDATE OF r
            ), live AS (
                SELECT user_id, device_id FROM held WHERE NOT is_spent AND NOT is_locked
            ), stolen AS (
                DELETE FROM refresh_token AS gone USING held
                 WHERE held.is_spent AND gone.user_id = held.user_id AND gone.device_id = held.device_id
            ), stolen_access AS (
                DELETE FROM access_token AS gone USING held
                 WHERE held.is_spent AND gone.user_id = held.user_id AND gone.device_id = held.device_id
            ), taken_back AS (
                DELETE FROM refresh_token AS gone USING live
                 WHERE gone.user_id = live.user_id AND gone.device_id = live.device_id AND gone.predecessor = $1
            ), spent AS (
                UPDATE refresh_token AS old SET spent_at_ms = $4::bigint FROM live
                 WHERE old.user_id = live.user_id AND old.device_id = live.device_id AND old.token_hash <> $1
                   AND old.predecessor IS DISTINCT FROM $1 AND old.spent_at_ms IS NULL
            ), retired AS (
                UPDATE access_token AS old SET expires_at_ms = least(coalesce(old.expires_at_ms, $5::bigint), $5::bigint)
                  FROM live WHERE old.user_id = live.user_id AND old.device_id = live.device_id
                   AND old.refresh_hash IS DISTINCT FROM $1
            ), refreshable AS (
                INSERT INTO refresh_token (token_hash, user_id, device_id, created_at_ms, predecessor)
                SELECT $2::bytea, user_id, device_id, $4::bigint, $1::bytea FROM live
            ), fresh AS (
                INSERT INTO access_token
                       (token_hash, user_id, device_id, created_at_ms, expires_at_ms, refresh_hash, is_unused)
                SELECT $3::bytea, user_id, device_id, $4::bigint, $6::bigint, $2::bytea, true FROM live
            )
            SELECT user_id, device_id, is_spent, is_locked FROM held
            """,
            old, new.refreshHash, new.accessHash, now.milliseconds,
            now.milliseconds + Self.replacedTokenGraceMs, new.accessExpiresAt?.milliseconds, client)
        guard let row = rows.first else { return .unknown }
        let user = try row.identifier("user_id", as: UserID.self)
        let device = try row.identifier("device_id", as: DeviceID.self)
        if try row.bool("is_spent") { return .reused }
        return try row.bool("is_locked") ? .locked : .refreshed(user: user, device: device)
    }

    /// Notes the first use of the access token with this hash, if it came from a refresh and is unused: the tokens it
    /// replaced end.
    public func noteUse(of accessHash: [UInt8], at now: Timestamp) async throws(PostgresError) {
        _ = try await database.query(
            """
            WITH used AS (
                UPDATE access_token SET is_unused = false WHERE token_hash = $1 AND is_unused
                RETURNING user_id, device_id, refresh_hash
            ), spent AS (
                UPDATE refresh_token AS old SET spent_at_ms = $2::bigint FROM used
                 WHERE old.user_id = used.user_id AND old.device_id = used.device_id
                   AND old.token_hash IS DISTINCT FROM used.refresh_hash AND old.spent_at_ms IS NULL
            )
            UPDATE access_token AS old SET expires_at_ms = least(coalesce(old.expires_at_ms, $3::bigint), $3::bigint)
              FROM used WHERE old.user_id = used.user_id AND old.device_id = used.device_id AND old.token_hash <> $1
            """, accessHash, now.milliseconds, now.milliseconds + Self.replacedTokenGraceMs)
    }

    /// How long a spent refresh token is remembered, in milliseconds.
    static let spentTokenLifeMs: Int64 = 7 * 24 * 3_600 * 1_000

    /// Drops the access tokens of a device that expired before `now`, and refresh tokens spent long ago; those of
    /// refreshed sessions pile up otherwise.
    ///
    /// - Returns: how many access tokens.
    @discardableResult
    public func dropExpired(of user: UserID, device: DeviceID, at now: Timestamp) async throws -> Int {
        let rows = try await database.query(
            """
            WITH forgotten AS (
                DELETE FROM refresh_token WHERE user_id = $1 AND device_id = $2 AND spent_at_ms < $4
            )
            DELETE FROM access_token WHERE user_id = $1 AND device_id = $2 AND expires_at_ms < $3 RETURNING token_hash
            """,
            user.rawValue, device.rawValue, now.milliseconds, now.milliseconds - Self.spentTokenLifeMs)
        return rows.count
    }

    /// The device that the access or refresh token with this hash belongs to; `nil` when there is no such token.
    public func device(with hash: [UInt8]) async throws -> (user: UserID, device: DeviceID)? {
        let rows = try await database.query(
            """
            SELECT user_id, device_id FROM access_token WHERE token_hash = $1
            UNION ALL SELECT user_id, device_id FROM refresh_token WHERE token_hash = $1 LIMIT 1
            """, hash)
        guard let row = rows.first else { return nil }
        let user = try row.identifier("user_id", as: UserID.self)
        let device = try row.identifier("device_id", as: DeviceID.self)
        return (user, device)
    }
}
