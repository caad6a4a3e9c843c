import Identifiers
import Postgres

/// A device that waits for somebody to allow it.
public struct OAuthDeviceRequest: Sendable, Equatable {
    public var client: String
    public var device: DeviceID
    public var scope: String

    public init(client: String, device: DeviceID, scope: String) {
        self.client = client
        self.device = device
        self.scope = scope
    }
}

/// What a device that asks again is told.
public enum OAuthDevicePoll: Sendable, Equatable {
    case allowed(UserID, OAuthDeviceRequest)
    case denied
    case pending
    /// It asks too often.
    case tooSoon
    case expired
    case unknown
}

/// Devices that wait to be allowed: the `oauth_device_request` table.
public struct OAuthDeviceRequestStore: Sendable {
    /// The most expired requests one new request sweeps away.
    static let sweepMax: Int64 = 20
    /// How long an expired request is remembered, in milliseconds, so that its device is told.
    static let rememberedMs: Int64 = 3_600 * 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Keeps a request; `false` when its user code is taken.
    public func insert(
        _ hash: [UInt8], userCode: String, _ request: OAuthDeviceRequest, at now: Timestamp, expiresAt: Timestamp
    ) async throws -> Bool {
        let rows = try await database.query(
            """
            WITH swept AS (
                DELETE FROM oauth_device_request WHERE device_code_hash IN (
                    SELECT device_code_hash FROM oauth_device_request WHERE expires_at_ms < $7
                     LIMIT $8 FOR UPDATE SKIP LOCKED)
            )
            INSERT INTO oauth_device_request (device_code_hash, user_code, client_id, device_id, scope, expires_at_ms)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_code) DO NOTHING RETURNING user_code
            """, hash, userCode, request.client, request.device.rawValue, request.scope, expiresAt.milliseconds,
            now.milliseconds - Self.rememberedMs, Self.sweepMax)
        return !rows.isEmpty
    }

    /// The undecided request with this user code.
    public func request(with userCode: String, at now: Timestamp) async throws -> OAuthDeviceRequest? {
        let rows = try await database.query(
            """
            SELECT client_id, device_id, scope FROM oauth_device_request
             WHERE user_code = $1 AND is_allowed IS NULL AND expires_at_ms > $2
            """, userCode, now.milliseconds)
        return try rows.first.map { try Self.request(from: $0) }
    }

    /// Writes down what `user` decided; `false` when there is nothing to decide any more.
    public func decide(_ userCode: String, isAllowed: Bool, by user: UserID, at now: Timestamp) async throws -> Bool {
        let rows = try await database.query(
            """
            UPDATE oauth_device_request SET is_allowed = $2, user_id = $3
             WHERE user_code = $1 AND is_allowed IS NULL AND expires_at_ms > $4 RETURNING user_code
            """, userCode, isAllowed, user.rawValue, now.milliseconds)
        return !rows.isEmpty
    }

    /// What the device with this code is told; an answer that decides is given once.
    ///
    /// - Parameter interval: the shortest time between two polls.
    public func poll(
        _ hash: [UInt8], client: String, interval: Duration, at now: Timestamp
    ) async throws -> OAuthDevicePoll {
        let earliest = now.milliseconds - interval.components.seconds * 1_000
        let rows = try await database.query(
            """
            WITH held AS MATERIALIZED (
                SELECT * FROM oauth_device_request WHERE device_code_hash = $1 AND client_id = $2 FOR UPDATE
            ), gone AS (
                DELETE FROM oauth_device_request AS r USING held
                 WHERE r.device_code_hash = held.device_code_hash AND held.is_allowed IS NOT NULL
                   AND held.polled_at_ms <= $4
            ), polled AS (
                UPDATE oauth_device_request AS r SET polled_at_ms = $3 FROM held
                 WHERE r.device_code_hash = held.device_code_hash AND held.is_allowed IS NULL
            )
            SELECT client_id, device_id, scope, user_id, is_allowed, polled_at_ms > $4 AS is_too_soon,
                   expires_at_ms <= $3 AS is_expired, is_allowed IS NULL AS is_pending FROM held
            """, hash, client, now.milliseconds, earliest)
        guard let row = rows.first else { return .unknown }
        if try row.bool("is_expired") { return .expired }
        if try row.bool("is_too_soon") { return .tooSoon }
        if try row.bool("is_pending") { return .pending }
        guard try row.bool("is_allowed") else { return .denied }
        let user = try row.identifier("user_id", as: UserID.self)
        return .allowed(user, try Self.request(from: row))
    }

    private static func request(from row: PostgresRow) throws -> OAuthDeviceRequest {
        let device = try row.identifier("device_id", as: DeviceID.self)
        return OAuthDeviceRequest(client: try row.text("client_id"), device: device, scope: try row.text("scope"))
    }
}
