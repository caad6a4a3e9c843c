import Identifiers
import Postgres

/// A row of `forward_extremity`: an event of the room that no other names as its predecessor.
public struct ForwardExtremityRow: Sendable, Hashable {
    public var room: RoomID
    public var event: EventID

    public init(room: RoomID, event: EventID) {
        self.room = room
        self.event = event
    }

    /// Takes `removed` out and puts `added` in; no row is in both.
    public static func replace(removed: [ForwardExtremityRow], added: [ForwardExtremityRow]) -> PostgresStatement {
        PostgresStatement(
            """
            WITH removed AS (
                DELETE FROM forward_extremity AS f USING unnest($1::text[], $2::text[]) AS rows (room_id, event_id)
                 WHERE f.room_id = rows.room_id AND f.event_id = rows.event_id)
            INSERT INTO forward_extremity (room_id, event_id)
            SELECT room_id, event_id FROM unnest($3::text[], $4::text[]) AS rows (room_id, event_id)
            """,
            [
                removed.map(\.room.rawValue), removed.map(\.event.rawValue), added.map(\.room.rawValue),
                added.map(\.event.rawValue),
            ])
    }
}
