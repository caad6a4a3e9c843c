import Identifiers
import Postgres

/// A row of `device_list`: something about a user's devices or keys has changed.
public struct DeviceListRow: Sendable {
    public var user: UserID
    public var position: ShardSequence

    public init(user: UserID, position: ShardSequence) {
        self.user = user
        self.position = position
    }

    /// Notes changes; no two rows are of one user.
    public static func upsert(_ rows: [DeviceListRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO device_list (user_id, shard, seq)
            SELECT user_id, shard, seq FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS rows (shard, user_id, seq)
                ON CONFLICT (user_id) DO UPDATE SET shard = excluded.shard, seq = excluded.seq
            """, [shards.map(\.number), rows.map(\.user.rawValue), rows.map(\.position.value)])
    }
}
