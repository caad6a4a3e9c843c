import Identifiers
import Postgres

/// A row of `key_stock`: a device's one-time or fallback keys have changed.
public struct KeyStockRow: Sendable {
    public var user: UserID
    public var device: DeviceID
    public var position: ShardSequence

    public init(user: UserID, device: DeviceID, position: ShardSequence) {
        self.user = user
        self.device = device
        self.position = position
    }

    /// Notes changes; no two rows are of one device.
    public static func upsert(_ rows: [KeyStockRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO key_stock (user_id, device_id, shard, seq)
            SELECT user_id, device_id, shard, seq FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[])
                AS rows (shard, user_id, device_id, seq)
                ON CONFLICT (user_id, device_id) DO UPDATE SET shard = excluded.shard, seq = excluded.seq
            """,
            [
                shards.map(\.number), rows.map(\.user.rawValue), rows.map(\.device.rawValue),
                rows.map(\.position.value),
            ])
    }
}
