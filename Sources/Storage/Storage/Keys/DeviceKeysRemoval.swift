import Identifiers
import Postgres

/// A device that is no more: its keys go.
public struct DeviceKeysRemoval: Sendable {
    public var user: UserID
    public var device: DeviceID

    public init(user: UserID, device: DeviceID) {
        self.user = user
        self.device = device
    }

    /// Deletes the keys of devices and the signatures by and of them.
    public static func delete(_ removals: [DeviceKeysRemoval]) -> [PostgresStatement] {
        let parameters: [any PostgresParameter] = [removals.map(\.user.rawValue), removals.map(\.device.rawValue)]
        let tables = ["device_key", "one_time_key", "fallback_key", "key_stock"]
        return tables.map { table in
            PostgresStatement(
                """
                DELETE FROM \(table) AS k USING unnest($1::text[], $2::text[]) AS rows (user_id, device_id)
                 WHERE k.user_id = rows.user_id AND k.device_id = rows.device_id
                """, parameters)
        } + KeyRevocation.dropSignatures(removals.map { KeyRevocation(user: $0.user, target: $0.device.rawValue) })
    }
}
