import Identifiers
import Postgres
import Synchronization

/// Who is behind an access token; remembered for half a second at most, so that a revoked one stops working everywhere
/// within a second without anybody being told.
public final class Callers: Sendable {
    public enum Outcome: Sendable, Equatable {
        case known(UserID, DeviceID)
        /// It has run out; the client may refresh and go on.
        case expired
        case unknown
    }

    /// How long an answer is remembered.
    package static let rememberedFor = Duration.milliseconds(500)
    /// Answers remembered at once; beyond, the memory is emptied.
    public static let rememberedMax = 50_000

    private struct Remembered {
        let outcome: Outcome
        let until: ContinuousClock.Instant
    }

    private let database: any PostgresQuerying
    private let rememberedMax: Int
    private let remembered = Mutex<[AccessToken: Remembered]>([:])

    public init(database: any PostgresQuerying, rememberedMax: Int = rememberedMax) {
        self.database = database
        self.rememberedMax = rememberedMax
    }

    /// How many answers are remembered now.
    package var rememberedCount: Int { remembered.withLock { $0.count } }

    /// Who `token` belongs to.
    public func caller(with token: AccessToken) async throws -> Outcome {
        let now = ContinuousClock.now
        if let known = remembered.withLock({ $0[token] }), known.until > now { return known.outcome }
        let outcome = try await lookUp(token)
        remembered.withLock { remembered in
            if remembered.count >= rememberedMax, remembered[token] == nil { remembered = [:] }
            remembered[token] = Remembered(outcome: outcome, until: now + Self.rememberedFor)
        }
        return outcome
    }

    /// Whether a token that was good when a request began is good now; for requests that have waited.
    public func isStillValid(_ token: AccessToken) async throws -> Bool {
        if case .known = try await lookUp(token) { true } else { false }
    }

    /// Those of the tokens with these hashes that are good now, in one statement; for many requests that wait.
    public func valid(among hashes: [[UInt8]]) async throws -> Set<[UInt8]> {
        guard !hashes.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT t.token_hash FROM access_token AS t JOIN account AS a USING (user_id)
             WHERE t.token_hash = ANY($1::bytea[]) AND a.deactivated_at_ms IS NULL
               AND coalesce(t.expires_at_ms > extract(epoch FROM now()) * 1000, true)
            """, hashes)
        return Set(try rows.map { row throws(PostgresError) in try row.bytes("token_hash") })
    }

    /// Who `token` belongs to now, whatever is remembered.
    public func currentCaller(with token: AccessToken) async throws -> Outcome { try await lookUp(token) }

    private func lookUp(_ token: AccessToken) async throws(PostgresError) -> Outcome {
        let rows = try await database.query(
            """
            SELECT t.user_id, t.device_id,
                   coalesce(t.expires_at_ms <= extract(epoch FROM now()) * 1000, false) AS is_expired
              FROM access_token AS t JOIN account AS a USING (user_id)
             WHERE t.token_hash = $1 AND a.deactivated_at_ms IS NULL
            """, token.hash)
        guard let row = rows.first, let user = UserID(try row.text("user_id")),
            let device = DeviceID(try row.text("device_id"))
        else { return .unknown }
        return try row.bool("is_expired") ? .expired : .known(user, device)
    }
}
