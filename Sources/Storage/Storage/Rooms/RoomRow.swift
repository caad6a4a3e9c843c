import Identifiers
import Postgres

/// A row of `room`.
public struct RoomRow: Sendable {
    public var room: RoomID
    public var version: String
    public var createdAt: Timestamp

    public init(room: RoomID, version: String, createdAt: Timestamp) {
        self.room = room
        self.version = version
        self.createdAt = createdAt
    }

    /// The same for rows of one shard.
    public static func insert(_ rows: [RoomRow], in shard: ShardID) -> PostgresStatement {
        insert(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Adds new rooms, each on its shard for ever.
    public static func insert(_ rows: [RoomRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO room (room_id, shard, version, created_at_ms)
            SELECT room_id, shard, version, created_at_ms
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[])
                   AS rows (shard, room_id, version, created_at_ms)
            """,
            [shards.map(\.number), rows.map(\.room.rawValue), rows.map(\.version), rows.map(\.createdAt.milliseconds)])
    }
}
