import Identifiers
import Postgres

/// A row of `fallback_key`.
public struct FallbackKeyRow: Sendable {
    public var user: UserID
    public var device: DeviceID
    public var key: FallbackKey

    public init(user: UserID, device: DeviceID, key: FallbackKey) {
        self.user = user
        self.device = device
        self.key = key
    }

    /// Sets keys as they are now; no two rows are of one device and algorithm.
    public static func upsert(_ rows: [FallbackKeyRow]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO fallback_key (user_id, device_id, algorithm, key_id, json, is_used)
            SELECT user_id, device_id, algorithm, key_id, json, is_used
              FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::boolean[])
                   AS rows (user_id, device_id, algorithm, key_id, json, is_used)
                ON CONFLICT (user_id, device_id, algorithm) DO UPDATE
               SET key_id = excluded.key_id, json = excluded.json, is_used = excluded.is_used
            """,
            [
                rows.map(\.user.rawValue), rows.map(\.device.rawValue), rows.map(\.key.id.algorithm),
                rows.map(\.key.id.rawValue), rows.map(\.key.json), rows.map(\.key.isUsed),
            ])
    }
}

/// A device's fallback key of one algorithm.
public struct FallbackKey: Sendable, Equatable {
    public var id: KeyID
    /// A JSON value.
    public var json: [UInt8]
    /// Whether it has been handed out.
    public var isUsed: Bool

    public init(id: KeyID, json: [UInt8], isUsed: Bool) {
        self.id = id
        self.json = json
        self.isUsed = isUsed
    }
}
