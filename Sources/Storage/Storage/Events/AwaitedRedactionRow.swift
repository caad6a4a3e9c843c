import Identifiers
import Postgres

/// A redaction in force whose target has not arrived: it takes effect when that does.
public struct AwaitedRedactionRow: Sendable, Equatable {
    public var room: RoomID
    public var target: EventID
    /// Whose users' events the redaction may redact; `nil`: everybody's.
    public var server: ServerName?
    public var redaction: EventID

    public init(room: RoomID, target: EventID, server: ServerName?, redaction: EventID) {
        self.room = room
        self.target = target
        self.server = server
        self.redaction = redaction
    }

    /// Whether it may redact an event of `sender`.
    public func covers(_ sender: UserID) -> Bool { server == nil || server == sender.server }

    /// Notes redactions; one that another of its server came before changes nothing.
    public static func insert(_ rows: [AwaitedRedactionRow]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO awaited_redaction (room_id, target, server, redaction)
            SELECT room_id, target, server, redaction
              FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS rows (room_id, target, server, redaction)
            ON CONFLICT (room_id, target, server) DO NOTHING
            """,
            [
                rows.map(\.room.rawValue), rows.map(\.target.rawValue), rows.map { $0.server?.rawValue ?? "" },
                rows.map(\.redaction.rawValue),
            ])
    }

    /// Takes out what waits for the targets of `rows`, which have arrived.
    public static func remove(_ rows: [AwaitedRedactionRow]) -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM awaited_redaction AS a USING unnest($1::text[], $2::text[]) AS rows (room_id, target)
             WHERE a.room_id = rows.room_id AND a.target = rows.target
            """, [rows.map(\.room.rawValue), rows.map(\.target.rawValue)])
    }
}
