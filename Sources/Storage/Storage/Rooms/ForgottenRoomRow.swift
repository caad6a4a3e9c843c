import Identifiers
import Postgres

/// A row of `forgotten_room`: what came up to a position a user does not want to see again.
public struct ForgottenRoomRow: Sendable {
    public var user: UserID
    public var room: RoomID
    public var position: ShardSequence

    public init(user: UserID, room: RoomID, position: ShardSequence) {
        self.user = user
        self.room = room
        self.position = position
    }

    /// Records them; no two rows are of the same user and room.
    public static func upsert(_ rows: [ForgottenRoomRow]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO forgotten_room (user_id, room_id, seq)
            SELECT user_id, room_id, seq FROM unnest($1::text[], $2::text[], $3::bigint[]) AS rows (user_id, room_id, seq)
            ON CONFLICT (user_id, room_id) DO UPDATE SET seq = excluded.seq
            """, [rows.map(\.user.rawValue), rows.map(\.room.rawValue), rows.map(\.position.value)])
    }
}
