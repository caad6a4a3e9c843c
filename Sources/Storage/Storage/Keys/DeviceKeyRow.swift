import Identifiers
import Postgres

/// A row of `device_key`: a device's identity keys.
public struct DeviceKeyRow: Sendable {
    public var user: UserID
    public var device: DeviceID
    /// A JSON object.
    public var json: [UInt8]

    public init(user: UserID, device: DeviceID, json: [UInt8]) {
        self.user = user
        self.device = device
        self.json = json
    }

    /// Sets identity keys; no two rows are of one device.
    public static func upsert(_ rows: [DeviceKeyRow]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO device_key (user_id, device_id, json)
            SELECT user_id, device_id, json FROM unnest($1::text[], $2::text[], $3::bytea[]) AS rows (user_id, device_id, json)
                ON CONFLICT (user_id, device_id) DO UPDATE SET json = excluded.json
            """, [rows.map(\.user.rawValue), rows.map(\.device.rawValue), rows.map(\.json)])
    }
}
