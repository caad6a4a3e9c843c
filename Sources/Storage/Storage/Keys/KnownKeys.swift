import CanonicalJSON
import Identifiers
import Postgres

/// The keys of a device, as its user's writer knows them.
public struct KnownDeviceKeys: Sendable {
    /// `nil`: none were uploaded.
    public var identity: JSONObject?
    /// Those that have not been handed out, the oldest first.
    public var oneTime: [OneTimeKey] = []
    public var fallback: [FallbackKey] = []
}

/// Reads users' keys for those who change them.
public struct KnownKeys: Sendable {
    /// The most keys of a device that wait to be handed out.
    public static let oneTimeKeysMax = 1_000
    /// The most devices one call reads.
    public static let devicesMax = 200

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The public keys of `user`.
    public func crossSigning(of user: UserID) async throws -> [CrossSigningUsage: String] {
        let rows = try await database.query(
            "SELECT usage, public_key FROM cross_signing_key WHERE user_id = $1", user.rawValue)
        var keys: [CrossSigningUsage: String] = [:]
        for row in rows {
            guard let usage = CrossSigningUsage(rawValue: try row.text("usage")) else {
                throw StoreError.malformedRow("cross_signing_key.usage")
            }
            keys[usage] = try row.text("public_key")
        }
        return keys
    }

    /// The keys of those of `devices` that exist.
    public func keys(of devices: [DeviceID], of user: UserID) async throws -> [DeviceID: KnownDeviceKeys] {
        precondition(devices.count <= Self.devicesMax, "too many devices for one call")
        let names = devices.map(\.rawValue)
        async let oneTime = database.query(
            """
            SELECT k.* FROM unnest($2::text[]) AS asked (device_id)
             CROSS JOIN LATERAL (
                   SELECT device_id, key_id, json, seq FROM one_time_key
                    WHERE user_id = $1 AND device_id = asked.device_id AND claimed_at IS NULL
                    ORDER BY seq, key_id LIMIT $3) AS k
            """, user.rawValue, names, Int64(Self.oneTimeKeysMax))
        async let fallback = database.query(
            "SELECT device_id, key_id, json, is_used FROM fallback_key WHERE user_id = $1 AND device_id = ANY($2::text[])",
            user.rawValue, names)
        let rows = try await database.query(
            """
            SELECT d.device_id, k.json FROM device AS d LEFT JOIN device_key AS k USING (user_id, device_id)
             WHERE d.user_id = $1 AND d.device_id = ANY($2::text[])
            """, user.rawValue, names)
        var known: [DeviceID: KnownDeviceKeys] = [:]
        for row in rows {
            let device = try row.identifier("device_id", as: DeviceID.self)
            known[device] = KnownDeviceKeys(
                identity: try row.optionalBytes("json").map { try JSONObject.parse($0) })
        }
        for row in try await oneTime {
            let device = try row.identifier("device_id", as: DeviceID.self)
            known[device]?.oneTime.append(
                OneTimeKey(
                    id: try row.identifier("key_id", as: KeyID.self), json: try row.bytes("json"),
                    position: ShardSequence(try row.int64("seq"))))
        }
        for row in try await fallback {
            let device = try row.identifier("device_id", as: DeviceID.self)
            known[device]?.fallback.append(
                FallbackKey(
                    id: try row.identifier("key_id", as: KeyID.self), json: try row.bytes("json"),
                    isUsed: try row.bool("is_used")))
        }
        return known
    }

    /// Those of `keys` that were handed out, as they were uploaded.
    public func claimed(
        among keys: [KeyID], device: DeviceID, of user: UserID
    ) async throws -> [KeyID: [UInt8]] {
        let rows = try await database.query(
            """
            SELECT key_id, json FROM one_time_key
             WHERE user_id = $1 AND device_id = $2 AND key_id = ANY($3::text[]) AND claimed_at IS NOT NULL
            """, user.rawValue, device.rawValue, keys.map(\.rawValue))
        var claimed: [KeyID: [UInt8]] = [:]
        for row in rows { claimed[try row.identifier("key_id", as: KeyID.self)] = try row.bytes("json") }
        return claimed
    }

    /// Those of `devices`, whether they exist or not, that have identity keys.
    public func identified(among devices: [DeviceID], of user: UserID) async throws -> Set<DeviceID> {
        let rows = try await database.query(
            "SELECT device_id FROM device_key WHERE user_id = $1 AND device_id = ANY($2::text[])", user.rawValue,
            devices.map(\.rawValue))
        return Set(try rows.map { try $0.identifier("device_id", as: DeviceID.self) })
    }
}
