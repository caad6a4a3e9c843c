import Identifiers
import Postgres

/// A row of `to_device`: a message that waits for a device.
public struct ToDeviceRow: Sendable {
    public var user: UserID
    public var device: DeviceID
    public var position: ShardSequence
    /// JSON `{content, sender, type}`.
    public var message: [UInt8]

    public init(user: UserID, device: DeviceID, position: ShardSequence, message: [UInt8]) {
        self.user = user
        self.device = device
        self.position = position
        self.message = message
    }

    /// The same for rows of one shard.
    public static func insert(_ rows: [ToDeviceRow], in shard: ShardID) -> PostgresStatement {
        insert(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Queues messages; a device has at most one at a position.
    public static func insert(_ rows: [ToDeviceRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO to_device (user_id, device_id, shard, seq, message)
            SELECT user_id, device_id, shard, seq, message
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
                   AS rows (shard, user_id, device_id, seq, message)
            """,
            [
                shards.map(\.number), rows.map(\.user.rawValue), rows.map(\.device.rawValue),
                rows.map(\.position.value), rows.map(\.message),
            ])
    }
}

/// Messages that a device has acknowledged.
public struct ToDeviceDeletion: Sendable {
    public var user: UserID
    public var device: DeviceID
    /// The last one that goes.
    public var upTo: ShardSequence

    public init(user: UserID, device: DeviceID, upTo: ShardSequence) {
        self.user = user
        self.device = device
        self.upTo = upTo
    }

    /// Drops them.
    public static func delete(_ deletions: [ToDeviceDeletion]) -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM to_device AS t
             USING unnest($1::text[], $2::text[], $3::bigint[]) AS rows (user_id, device_id, up_to)
             WHERE t.user_id = rows.user_id AND t.device_id = rows.device_id AND t.seq <= rows.up_to
            """,
            [deletions.map(\.user.rawValue), deletions.map(\.device.rawValue), deletions.map(\.upTo.value)])
    }
}

/// Messages of a device that has too many: the oldest go.
public struct ToDeviceTrim: Sendable {
    public var user: UserID
    public var device: DeviceID
    /// How many stay, the newest.
    public var kept: Int

    public init(user: UserID, device: DeviceID, kept: Int) {
        self.user = user
        self.device = device
        self.kept = kept
    }

    /// Drops what is over.
    ///
    /// Where a device's messages end is found once, not for each message.
    public static func delete(_ trims: [ToDeviceTrim]) -> PostgresStatement {
        PostgresStatement(
            """
            WITH gone AS MATERIALIZED (
                SELECT rows.user_id, rows.device_id, over.seq
                  FROM unnest($1::text[], $2::text[], $3::bigint[]) AS rows (user_id, device_id, kept)
                 CROSS JOIN LATERAL (
                       SELECT seq FROM to_device WHERE user_id = rows.user_id AND device_id = rows.device_id
                        ORDER BY seq DESC OFFSET rows.kept LIMIT 1) AS over)
            DELETE FROM to_device AS t USING gone
             WHERE t.user_id = gone.user_id AND t.device_id = gone.device_id AND t.seq <= gone.seq
            """, [trims.map(\.user.rawValue), trims.map(\.device.rawValue), trims.map { Int64($0.kept) }])
    }
}
