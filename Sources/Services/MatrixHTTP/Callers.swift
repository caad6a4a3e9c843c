import Identifiers
import Postgres
import Storage
import Synchronization
import WorkerContracts

/// Who is behind an access token; remembered for half a second at most, so that a revoked one stops working everywhere
/// within a second without anybody being told.
public final class Callers: Sendable {
    public enum Outcome: Sendable, Equatable {
        case known(KnownCaller)
        /// It has run out; the client may refresh and go on.
        case expired
        /// Its user is locked and may only log out.
        case locked(KnownCaller)
        case unknown
    }

    /// How long an answer is remembered.
    package static let rememberedFor = Duration.milliseconds(500)
    /// Answers remembered at once; beyond, the memory is emptied.
    public static let rememberedMax = 50_000
    /// How old what is known of a device's last use may be.
    package static let lastSeenGranularity = Duration.seconds(120)

    private struct Remembered {
        let outcome: Outcome
        let until: ContinuousClock.Instant
    }

    private let database: any PostgresQuerying
    private let sessions: SessionStore
    private let devices: DeviceStore
    private let rememberedMax: Int
    private let remembered = Mutex<[AccessToken: Remembered]>([:])

    public init(database: any PostgresQuerying, rememberedMax: Int = rememberedMax) {
        self.database = database
        sessions = SessionStore(database: database)
        devices = DeviceStore(database: database)
        self.rememberedMax = rememberedMax
    }

    /// How many answers are remembered now.
    package var rememberedCount: Int { remembered.withLock { $0.count } }

    /// Who `token` belongs to.
    ///
    /// - Parameter origin: whence the request came; noted as the device's last use now and then.
    public func caller(with token: AccessToken, from origin: RequestOrigin? = nil) async throws -> Outcome {
        let now = ContinuousClock.now
        if let known = remembered.withLock({ $0[token] }), known.until > now { return known.outcome }
        let found = try await lookUp(token)
        try await noteUse(of: token, found, from: origin)
        remembered.withLock { remembered in
            if remembered.count >= rememberedMax, remembered[token] == nil { remembered = [:] }
            remembered[token] = Remembered(outcome: found.outcome, until: now + Self.rememberedFor)
        }
        return found.outcome
    }

    /// Whether a token that was good when a request began is good now; for requests that have waited.
    public func isStillValid(_ token: AccessToken) async throws -> Bool {
        if case .known = try await lookUp(token).outcome { true } else { false }
    }

    /// Those of the tokens with these hashes that are good now, in one statement; for many requests that wait.
    public func valid(among hashes: [[UInt8]]) async throws -> Set<[UInt8]> {
        guard !hashes.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT t.token_hash FROM access_token AS t JOIN account AS a USING (user_id)
             WHERE t.token_hash = ANY($1::bytea[]) AND a.deactivated_at_ms IS NULL AND a.locked_at_ms IS NULL
               AND coalesce(t.expires_at_ms > extract(epoch FROM now()) * 1000, true)
            """, hashes)
        return Set(try rows.map { row throws(PostgresError) in try row.bytes("token_hash") })
    }

    /// Who `token` belongs to now, whatever is remembered.
    public func currentCaller(with token: AccessToken) async throws -> Outcome { try await lookUp(token).outcome }

    private struct Found {
        var outcome: Outcome
        /// The token came from a refresh and this is its first use.
        var isFirstUse = false
        var lastSeenAtMs: Int64?
    }

    private func lookUp(_ token: AccessToken) async throws(PostgresError) -> Found {
        let rows = try await database.query(
            """
            SELECT t.user_id, t.device_id, t.is_unused, d.last_seen_at_ms, a.is_guest,
                   a.suspended_at_ms IS NOT NULL AS is_suspended, a.locked_at_ms IS NOT NULL AS is_locked,
                   coalesce(t.expires_at_ms <= extract(epoch FROM now()) * 1000, false) AS is_expired
              FROM access_token AS t JOIN device AS d USING (user_id, device_id) JOIN account AS a USING (user_id)
             WHERE t.token_hash = $1 AND a.deactivated_at_ms IS NULL
            """, token.hash)
        guard let row = rows.first, let user = UserID(try row.text("user_id")),
            let device = DeviceID(try row.text("device_id"))
        else { return Found(outcome: .unknown) }
        guard try !row.bool("is_expired") else { return Found(outcome: .expired) }
        let caller = KnownCaller(
            user: user, device: device, isGuest: try row.bool("is_guest"), isSuspended: try row.bool("is_suspended"))
        return Found(
            outcome: try row.bool("is_locked") ? .locked(caller) : .known(caller),
            isFirstUse: try row.bool("is_unused"), lastSeenAtMs: try row.optionalInt64("last_seen_at_ms"))
    }

    /// Writes down what only now and then changes; most requests write nothing.
    private func noteUse(
        of token: AccessToken, _ found: Found, from origin: RequestOrigin?
    ) async throws(PostgresError) {
        guard case .known(let caller) = found.outcome else { return }
        let now = WallClock.system.now()
        if found.isFirstUse { try await sessions.noteUse(of: token.hash, at: now) }
        let seen = Timestamp(milliseconds: found.lastSeenAtMs ?? 0)
        guard let origin, seen.advanced(by: Self.lastSeenGranularity) <= now else { return }
        try await devices.noteUse(
            of: caller.device, user: caller.user, address: origin.address, userAgent: origin.userAgent, at: now)
    }
}
