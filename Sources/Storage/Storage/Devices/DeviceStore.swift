import Identifiers
import Postgres

/// Users' devices: the `device` table.
///
/// Deleting one takes its access and refresh tokens with it.
public struct DeviceStore: Sendable {
    /// The most devices a list returns, the newest first.
    public static let listMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The devices of `user`, newest first, at most ``listMax``.
    public func list(of user: UserID) async throws -> [Device] {
        let rows = try await database.query(
            """
            SELECT device_id, display_name, last_seen_at_ms, last_seen_ip, last_seen_user_agent FROM device
             WHERE user_id = $1 ORDER BY created_at_ms DESC, device_id LIMIT $2
            """,
            user.rawValue, Int64(Self.listMax))
        return try rows.map { try Self.device(from: $0) }
    }

    /// One device of `user`; `nil` when the user has none of that ID.
    public func fetch(_ device: DeviceID, of user: UserID) async throws -> Device? {
        let rows = try await database.query(
            """
            SELECT device_id, display_name, last_seen_at_ms, last_seen_ip, last_seen_user_agent FROM device
             WHERE user_id = $1 AND device_id = $2
            """,
            user.rawValue, device.rawValue)
        return try rows.first.map { try Self.device(from: $0) }
    }

    /// The devices of `user`, with how many messages wait for each, counted up to `limit`.
    public func waitingMessages(of user: UserID, limit: Int) async throws -> [(device: DeviceID, messages: Int)] {
        let rows = try await database.query(
            """
            SELECT d.device_id, (SELECT count(*) FROM (
                       SELECT FROM to_device AS t WHERE t.user_id = d.user_id AND t.device_id = d.device_id
                        LIMIT $3) AS few) AS messages
              FROM device AS d WHERE d.user_id = $1 ORDER BY d.created_at_ms DESC, d.device_id LIMIT $2
            """, user.rawValue, Int64(Self.listMax), Int64(limit))
        return try rows.compactMap { row in
            guard let device = DeviceID(try row.text("device_id")) else { return nil }
            return (device, Int(try row.int64("messages")))
        }
    }

    /// Whether a device got its tokens by the OAuth API.
    public func isOfOAuthClient(_ device: DeviceID, of user: UserID) async throws -> Bool {
        try await !database.query(
            "SELECT FROM device WHERE user_id = $1 AND device_id = $2 AND oauth_client_id IS NOT NULL", user.rawValue,
            device.rawValue
        ).isEmpty
    }

    /// Whether `user` has a device called like one of `names`.
    public func hasDevice(called names: [String], of user: UserID) async throws -> Bool {
        try await !database.query(
            "SELECT FROM device WHERE user_id = $1 AND device_id = ANY($2::text[]) LIMIT 1", user.rawValue, names
        ).isEmpty
    }

    /// Renames a device; `false` when the user has none of that ID.
    public func setDisplayName(_ name: String, of device: DeviceID, user: UserID) async throws -> Bool {
        let rows = try await database.query(
            "UPDATE device SET display_name = $3 WHERE user_id = $1 AND device_id = $2 RETURNING device_id",
            user.rawValue, device.rawValue, Array(name.utf8))
        return !rows.isEmpty
    }

    /// Deletes those of `devices` that `user` has, with their tokens.
    ///
    /// - Returns: the devices that were there.
    @discardableResult
    public func delete(_ devices: [DeviceID], of user: UserID) async throws -> [DeviceID] {
        let rows = try await database.query(
            "DELETE FROM device WHERE user_id = $1 AND device_id = ANY($2::text[]) RETURNING device_id",
            user.rawValue, devices.map(\.rawValue))
        return try rows.compactMap { DeviceID(try $0.text("device_id")) }
    }

    /// Deletes all devices of `user` except `kept`, with their tokens, and the tokens of no device but the one with
    /// `keptHash`: those log in too.
    ///
    /// A dehydrated device stays: nobody is logged in there, and it takes keys for when nobody is anywhere.
    ///
    /// - Parameter isForGood: also the dehydrated device goes.
    /// - Returns: the devices that were there.
    @discardableResult
    public func deleteAll(
        of user: UserID, except kept: DeviceID?, andToken keptHash: [UInt8]? = nil, isForGood: Bool = false
    ) async throws -> [DeviceID] {
        let rows = try await database.query(
            """
            WITH tokens AS (
                DELETE FROM account_token WHERE user_id = $1 AND token_hash IS DISTINCT FROM $3::bytea
            )
            DELETE FROM device AS d WHERE user_id = $1 AND device_id IS DISTINCT FROM $2::text
               AND ($4 OR NOT EXISTS (SELECT FROM dehydrated_device AS h
                                       WHERE h.user_id = d.user_id AND h.device_id = d.device_id))
            RETURNING device_id
            """,
            user.rawValue, kept?.rawValue, keptHash, isForGood)
        return try rows.compactMap { DeviceID(try $0.text("device_id")) }
    }

    /// Notes that a device was used; what is not known of it stays as it was.
    public func noteUse(
        of device: DeviceID, user: UserID, address: String?, userAgent: String?, at now: Timestamp
    ) async throws(PostgresError) {
        _ = try await database.query(
            """
            UPDATE device SET last_seen_at_ms = $3, last_seen_ip = coalesce($4::text, last_seen_ip),
                   last_seen_user_agent = coalesce($5::bytea, last_seen_user_agent)
             WHERE user_id = $1 AND device_id = $2
            """,
            user.rawValue, device.rawValue, now.milliseconds, address,
            userAgent.map { Array($0.utf8.prefix(Self.userAgentBytesMax)) })
    }

    /// What is kept of a user agent's name, in bytes.
    static let userAgentBytesMax = 256

    private static func device(from row: PostgresRow) throws -> Device {
        let id = try row.identifier("device_id", as: DeviceID.self)
        return Device(
            id: id,
            displayName: try row.optionalByteText("display_name"),
            lastSeenAt: try row.optionalInt64("last_seen_at_ms").map(Timestamp.init(milliseconds:)),
            lastSeenIP: try row.optionalText("last_seen_ip"),
            lastSeenUserAgent: try row.optionalByteText("last_seen_user_agent")
        )
    }
}
