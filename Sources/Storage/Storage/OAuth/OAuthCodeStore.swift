import Identifiers
import Postgres

/// Authorization codes: the `oauth_code` table.
public struct OAuthCodeStore: Sendable {
    /// The most expired codes one new code sweeps away.
    static let sweepMax: Int64 = 20
    /// How long an expired code is remembered, in milliseconds, so that a second use is noticed.
    static let rememberedMs: Int64 = 3_600 * 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    public func insert(_ hash: [UInt8], _ code: OAuthCode, at now: Timestamp, expiresAt: Timestamp) async throws {
        _ = try await database.query(
            """
            WITH swept AS (
                DELETE FROM oauth_code WHERE code_hash IN (
                    SELECT code_hash FROM oauth_code WHERE expires_at_ms < $9 LIMIT $10 FOR UPDATE SKIP LOCKED)
            )
            INSERT INTO oauth_code
                   (code_hash, client_id, user_id, device_id, redirect_uri, challenge, scope, expires_at_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """, hash, code.client, code.user.rawValue, code.device.rawValue, code.redirectURI, code.challenge,
            code.scope, expiresAt.milliseconds, now.milliseconds - Self.rememberedMs, Self.sweepMax)
    }

    /// Uses a code up.
    public func take(_ hash: [UInt8], at now: Timestamp) async throws -> OAuthCodeOutcome {
        let rows = try await database.query(
            """
            WITH held AS MATERIALIZED (
                SELECT *, used_at_ms IS NOT NULL AS is_used FROM oauth_code WHERE code_hash = $1 FOR UPDATE
            ), used AS (
                UPDATE oauth_code AS c SET used_at_ms = $2 FROM held WHERE c.code_hash = held.code_hash AND NOT is_used
            )
            SELECT client_id, user_id, device_id, redirect_uri, challenge, scope, is_used FROM held
             WHERE is_used OR expires_at_ms > $2
            """, hash, now.milliseconds)
        guard let row = rows.first else { return .unknown }
        let user = try row.identifier("user_id", as: UserID.self)
        let device = try row.identifier("device_id", as: DeviceID.self)
        let code = OAuthCode(
            client: try row.text("client_id"), user: user, device: device, redirectURI: try row.text("redirect_uri"),
            challenge: try row.text("challenge"), scope: try row.text("scope"))
        return try row.bool("is_used") ? .reused(code) : .taken(code)
    }
}
