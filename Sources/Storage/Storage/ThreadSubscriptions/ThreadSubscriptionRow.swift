import Identifiers
import Postgres

/// A change of a row of `thread_subscription`.
public struct ThreadSubscriptionRow: Sendable {
    public var user: UserID
    public var room: RoomID
    public var root: EventID
    public var state: ThreadSubscription.State
    /// How far the room was: of the event that subscribes by itself, or when the user unsubscribed.
    public var roomPosition: ShardSequence
    /// In the order of the user's shard.
    public var position: ShardSequence

    public init(
        user: UserID, room: RoomID, root: EventID, state: ThreadSubscription.State, roomPosition: ShardSequence,
        position: ShardSequence
    ) {
        self.user = user
        self.room = room
        self.root = root
        self.state = state
        self.roomPosition = roomPosition
        self.position = position
    }

    /// Makes the changes, of which no two are of the same user and thread.
    ///
    /// One that comes by itself changes nothing for who is subscribed, or unsubscribed after what it comes of.
    public static func upsert(_ rows: [ThreadSubscriptionRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO thread_subscription AS t
                   (user_id, room_id, root_id, is_subscribed, is_automatic, room_seq, shard, seq)
            SELECT user_id, room_id, root_id, is_subscribed, is_automatic, room_seq, shard, seq
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[],
                          $7::bigint[], $8::bigint[])
                   AS rows (shard, user_id, room_id, root_id, is_subscribed, is_automatic, room_seq, seq)
            ON CONFLICT (user_id, room_id, root_id) DO UPDATE
               SET is_subscribed = excluded.is_subscribed, is_automatic = excluded.is_automatic,
                   room_seq = excluded.room_seq, shard = excluded.shard, seq = excluded.seq
             WHERE NOT excluded.is_automatic OR (NOT t.is_subscribed AND t.room_seq < excluded.room_seq)
            """,
            [
                shards.map(\.number), rows.map(\.user.rawValue), rows.map(\.room.rawValue), rows.map(\.root.rawValue),
                rows.map { $0.state != .unsubscribed }, rows.map { $0.state == .automatic },
                rows.map(\.roomPosition.value), rows.map(\.position.value),
            ])
    }
}
