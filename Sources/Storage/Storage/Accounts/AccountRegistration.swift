import Identifiers
import Postgres

/// What a new account starts with.
public struct AccountRegistration: Sendable {
    public var user: UserID
    public var shard: ShardID
    public var passwordHash: String?
    public var isAdmin: Bool
    public var isGuest: Bool
    public var createdAt: Timestamp
    /// One use of this token is taken together with the name; `nil` when none is asked for.
    public var registrationToken: String?
    /// Who at the identity provider the user is, if they came from there.
    public var upstream: UpstreamLink?

    public init(
        user: UserID, shard: ShardID, passwordHash: String?, isAdmin: Bool, isGuest: Bool = false,
        createdAt: Timestamp, registrationToken: String?, upstream: UpstreamLink? = nil
    ) {
        self.user = user
        self.shard = shard
        self.passwordHash = passwordHash
        self.isAdmin = isAdmin
        self.isGuest = isGuest
        self.createdAt = createdAt
        self.registrationToken = registrationToken
        self.upstream = upstream
    }
}

/// What became of a registration.
public enum RegistrationOutcome: Sendable, Equatable {
    case registered
    /// Somebody has the name, maybe deactivated: names are never given out twice.
    case nameTaken
    /// The registration token is unknown, expired or used up.
    case tokenRefused
}

extension AccountStore {
    /// Makes an account and takes one use of its registration token, both or neither, in one statement.
    ///
    /// The token's row is locked before the name is tried, so that two registrations cannot share its last use, and is
    /// counted only when the name was free.
    public func register(_ registration: AccountRegistration) async throws -> RegistrationOutcome {
        let rows = try await database.query(
            """
            WITH token AS MATERIALIZED (
                SELECT token FROM registration_token
                 WHERE token = $6::text AND (uses_allowed IS NULL OR uses < uses_allowed)
                   AND (expires_at_ms IS NULL OR expires_at_ms > $5::bigint)
                   FOR UPDATE
            ), made AS (
                INSERT INTO account (user_id, shard, password_hash, is_admin, is_guest, created_at_ms)
                SELECT $1::text, $2::smallint, $3::text, $4::boolean, $7::boolean, $5::bigint
                 WHERE $6::text IS NULL OR EXISTS (SELECT FROM token)
                ON CONFLICT (user_id) DO NOTHING
                RETURNING user_id
            ), linked AS (
                INSERT INTO upstream_identity (issuer, subject, user_id)
                SELECT $8::text, $9::text, user_id FROM made WHERE $8::text IS NOT NULL
                ON CONFLICT (issuer, subject) DO NOTHING
            ), counted AS (
                UPDATE registration_token SET uses = uses + 1
                 WHERE token IN (SELECT token FROM token) AND EXISTS (SELECT FROM made)
            )
            SELECT EXISTS (SELECT FROM made) AS made, $6::text IS NULL OR EXISTS (SELECT FROM token) AS allowed
            """,
            registration.user.rawValue, registration.shard.number, registration.passwordHash, registration.isAdmin,
            registration.createdAt.milliseconds, registration.registrationToken, registration.isGuest,
            registration.upstream?.issuer, registration.upstream?.subject)
        guard let row = rows.first else { throw StoreError.malformedRow("registration") }
        if try row.bool("made") { return .registered }
        return try row.bool("allowed") ? .nameTaken : .tokenRefused
    }

    /// Makes a guest's account a full one with a password; `false` when it is none, or no longer.
    public func upgradeGuest(_ user: UserID, passwordHash: String) async throws -> Bool {
        let rows = try await database.query(
            """
            UPDATE account SET is_guest = false, password_hash = $2
             WHERE user_id = $1 AND is_guest AND deactivated_at_ms IS NULL RETURNING user_id
            """,
            user.rawValue, passwordHash)
        return !rows.isEmpty
    }
}
