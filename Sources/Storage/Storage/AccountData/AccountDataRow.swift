import Identifiers
import Postgres

/// A row of `account_data`.
public struct AccountDataRow: Sendable {
    public var user: UserID
    /// `nil`: global.
    public var room: RoomID?
    public var type: String
    /// JSON; `nil`: deleted.
    public var content: [UInt8]?
    public var position: ShardSequence

    public init(user: UserID, room: RoomID?, type: String, content: [UInt8]?, position: ShardSequence) {
        self.user = user
        self.room = room
        self.type = type
        self.content = content
        self.position = position
    }

    /// The same for rows of one shard.
    public static func upsert(_ rows: [AccountDataRow], in shard: ShardID) -> PostgresStatement {
        upsert(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Sets account data; no two rows have the same user, room and type.
    public static func upsert(_ rows: [AccountDataRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO account_data (user_id, room_id, type, content, shard, seq)
            SELECT user_id, room_id, type, content, shard, seq
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bigint[])
                   AS rows (shard, user_id, room_id, type, content, seq)
            ON CONFLICT (user_id, room_id, type) DO UPDATE
               SET content = excluded.content, shard = excluded.shard, seq = excluded.seq
            """,
            [
                shards.map(\.number), rows.map(\.user.rawValue), rows.map { $0.room?.rawValue ?? "" },
                rows.map { Array($0.type.utf8) }, rows.map(\.content), rows.map(\.position.value),
            ])
    }
}
