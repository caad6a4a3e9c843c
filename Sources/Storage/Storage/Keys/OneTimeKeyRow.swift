import Identifiers
import Postgres

/// A row of `one_time_key`.
public struct OneTimeKeyRow: Sendable {
    public var user: UserID
    public var device: DeviceID
    public var key: OneTimeKey
    /// Whether it has been handed out.
    public var isClaimed: Bool

    public init(user: UserID, device: DeviceID, key: OneTimeKey, isClaimed: Bool) {
        self.user = user
        self.device = device
        self.key = key
        self.isClaimed = isClaimed
    }

    /// Sets keys as they are now; no two rows are of one key.
    public static func upsert(_ rows: [OneTimeKeyRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO one_time_key (user_id, device_id, key_id, algorithm, json, shard, seq, claimed_at)
            SELECT user_id, device_id, key_id, algorithm, json, shard, seq, CASE WHEN is_claimed THEN now() END
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bigint[],
                          $8::boolean[])
                   AS rows (shard, user_id, device_id, key_id, algorithm, json, seq, is_claimed)
                ON CONFLICT (user_id, device_id, key_id) DO UPDATE
               SET json = excluded.json, shard = excluded.shard, seq = excluded.seq, claimed_at = excluded.claimed_at
            """,
            [
                shards.map(\.number), rows.map(\.user.rawValue), rows.map(\.device.rawValue),
                rows.map(\.key.id.rawValue), rows.map(\.key.id.algorithm), rows.map(\.key.json),
                rows.map(\.key.position.value), rows.map(\.isClaimed),
            ])
    }
}

/// A one-time key as it was uploaded.
public struct OneTimeKey: Sendable, Equatable {
    public var id: KeyID
    /// A JSON value.
    public var json: [UInt8]
    /// Of its upload.
    public var position: ShardSequence

    public init(id: KeyID, json: [UInt8], position: ShardSequence) {
        self.id = id
        self.json = json
        self.position = position
    }
}
