import Identifiers
import Postgres

/// What a token that is no access token is good for; one of another purpose is unknown.
public enum AccountTokenPurpose: String, Sendable, CaseIterable {
    /// Logs one more device in, once.
    case login
    /// Shows other services who the user is.
    case openID = "openid"
    /// Is the cookie of a browser that is logged in to the account pages.
    case browser
}

/// Tokens of a user that end by themselves: the `account_token` table.
public struct AccountTokenStore: Sendable {
    /// The most expired tokens one new token sweeps away.
    static let sweepMax: Int64 = 20

    let database: any PostgresQuerying
    let purpose: AccountTokenPurpose

    public init(database: any PostgresQuerying, purpose: AccountTokenPurpose) {
        self.database = database
        self.purpose = purpose
    }

    /// Keeps the token with this hash (SHA-256) for `user` until `expiresAt`.
    public func insert(_ hash: [UInt8], for user: UserID, at now: Timestamp, expiresAt: Timestamp) async throws {
        _ = try await database.query(
            """
            WITH swept AS (
                DELETE FROM account_token WHERE token_hash IN (
                    SELECT token_hash FROM account_token WHERE expires_at_ms <= $4 LIMIT $6 FOR UPDATE SKIP LOCKED)
            )
            INSERT INTO account_token (token_hash, purpose, user_id, expires_at_ms) VALUES ($1, $2, $3, $5)
            """, hash, purpose.rawValue, user.rawValue, now.milliseconds, expiresAt.milliseconds, Self.sweepMax)
    }

    /// Whose token this is; `nil` when it is unknown or has expired, and when the account has ended or is locked.
    public func user(with hash: [UInt8], at now: Timestamp) async throws -> UserID? {
        let rows = try await database.query(
            """
            SELECT user_id FROM account_token JOIN account USING (user_id)
             WHERE token_hash = $1 AND purpose = $2 AND expires_at_ms > $3
               AND deactivated_at_ms IS NULL AND locked_at_ms IS NULL
            """, hash, purpose.rawValue, now.milliseconds)
        return try rows.first.flatMap { UserID(try $0.text("user_id")) }
    }

    /// Takes a token: whose it was, the first time and before it expires; else `nil`.
    public func take(_ hash: [UInt8], at now: Timestamp) async throws -> UserID? {
        let rows = try await database.query(
            """
            WITH taken AS (
                DELETE FROM account_token WHERE token_hash = $1 AND purpose = $2 RETURNING user_id, expires_at_ms
            )
            SELECT user_id FROM taken WHERE expires_at_ms > $3
            """, hash, purpose.rawValue, now.milliseconds)
        return try rows.first.flatMap { UserID(try $0.text("user_id")) }
    }

    /// Ends a token.
    public func delete(_ hash: [UInt8]) async throws {
        _ = try await database.query(
            "DELETE FROM account_token WHERE token_hash = $1 AND purpose = $2", hash, purpose.rawValue)
    }
}
