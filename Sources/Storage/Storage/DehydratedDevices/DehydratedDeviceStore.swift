import CanonicalJSON
import Identifiers
import Postgres

/// Devices without a client (MSC3814): the `dehydrated_device` table.
public struct DehydratedDeviceStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The dehydrated device of `user`, with its encrypted data.
    public func fetch(of user: UserID) async throws -> (device: DeviceID, data: JSONObject)? {
        let rows = try await database.query(
            "SELECT device_id, device_data FROM dehydrated_device WHERE user_id = $1", user.rawValue)
        guard let row = rows.first else { return nil }
        let device = try row.identifier("device_id", as: DeviceID.self)
        return (device, try JSONObject.parse(try row.bytes("device_data")))
    }

    /// Makes a device, without a client.
    ///
    /// - Returns: `false` when the user has one of this ID that is not dehydrated.
    public func makeDevice(_ device: DeviceID, displayName: String?, of user: UserID, at now: Timestamp) async throws
        -> Bool
    {
        let rows = try await database.query(
            """
            WITH made AS (
                INSERT INTO device (user_id, device_id, display_name, created_at_ms) VALUES ($1, $2, $3::bytea, $4)
                    ON CONFLICT DO NOTHING RETURNING 1)
            SELECT FROM made UNION ALL SELECT FROM dehydrated_device WHERE user_id = $1 AND device_id = $2
            """, user.rawValue, device.rawValue, displayName.map { Array($0.utf8) }, now.milliseconds)
        return !rows.isEmpty
    }

    /// Makes `device`, which exists, the dehydrated device of `user`.
    ///
    /// - Returns: the one before it, if that was another.
    public func set(_ device: DeviceID, data: JSONObject, of user: UserID) async throws -> DeviceID? {
        let rows = try await database.query(
            """
            WITH former AS MATERIALIZED (SELECT device_id FROM dehydrated_device WHERE user_id = $1 FOR UPDATE),
            made AS (
                INSERT INTO dehydrated_device (user_id, device_id, device_data) VALUES ($1, $2, $3)
                    ON CONFLICT (user_id) DO UPDATE
                   SET device_id = excluded.device_id, device_data = excluded.device_data)
            SELECT device_id FROM former WHERE device_id <> $2
            """, user.rawValue, device.rawValue, data.bytes())
        return try rows.first.flatMap { DeviceID(try $0.text("device_id")) }
    }
}
