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
    static let rememberedFor = Duration.milliseconds(500)
    /// Answers remembered at once; beyond, the memory is emptied.
    static let rememberedMax = 50_000

    private struct Remembered {
        let outcome: Outcome
        let until: ContinuousClock.Instant
    }

    private let database: any PostgresQuerying
    private let remembered = Mutex<[AccessToken: Remembered]>([:])

    public init(database: any PostgresQuerying) { self.database = database }

    /// Who `token` belongs to.
    public func caller(with token: AccessToken) async throws -> Outcome {
        let now = ContinuousClock.now
        if let known = remembered.withLock({ $0[token] }), known.until > now { return known.outcome }
        let outcome = try await lookUp(token)
        remembered.withLock { remembered in
            if remembered.count >= Self.rememberedMax { remembered = [:] }
            remembered[token] = Remembered(outcome: outcome, until: now + Self.rememberedFor)
        }
        return outcome
    }

    /// Whether a token that was good when a request began is good now; for requests that have waited.
    public func isStillValid(_ token: AccessToken) async throws -> Bool {
        if case .known = try await lookUp(token) { true } else { false }
    }

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
