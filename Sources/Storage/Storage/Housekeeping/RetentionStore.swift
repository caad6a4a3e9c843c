import CanonicalJSON
import Identifiers
import Postgres

/// Reads what rooms say about how long their messages are kept.
public struct RetentionStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The first room after `room` in byte order, with its `max_lifetime`; `nil` after the last.
    ///
    /// - Parameter room: `nil` for the beginning.
    public func room(after room: RoomID?) async throws -> (room: RoomID, maxLifetime: Duration?)? {
        let rows = try await database.query(
            """
            SELECT r.room_id, e.json FROM room AS r
              LEFT JOIN current_state AS s ON s.room_id = r.room_id AND s.type = $2 AND s.state_key = ''
              LEFT JOIN event AS e ON e.event_id = s.event_id AND e.redacted_by IS NULL
             WHERE r.room_id > $1 ORDER BY r.room_id LIMIT 1
            """, room?.rawValue ?? "", Array("m.room.retention".utf8))
        guard let row = rows.first else { return nil }
        let found = try row.identifier("room_id", as: RoomID.self)
        return (found, try row.optionalBytes("json").flatMap { try Self.maxLifetime(of: $0) })
    }

    /// `max_lifetime` is in milliseconds; what is no positive number says nothing.
    private static func maxLifetime(of json: [UInt8]) throws -> Duration? {
        let content = try JSONObject.parse(json)["content"]
        guard let milliseconds = content?["max_lifetime"]?.intValue, milliseconds > 0 else { return nil }
        return .milliseconds(milliseconds)
    }
}
