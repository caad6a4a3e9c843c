import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules

extension RoomFacts {
    /// Whether `user` is in at least one of `rooms`.
    public func isJoined(_ user: UserID, toOneOf rooms: [RoomID]) async throws -> Bool {
        guard !rooms.isEmpty else { return false }
        let rows = try await database.query(
            """
            SELECT FROM current_membership
             WHERE room_id = ANY($1::text[]) AND user_id = $2 AND membership = 'join' LIMIT 1
            """,
            rooms.map(\.rawValue), user.rawValue)
        return !rows.isEmpty
    }

    /// Whether anybody of `server` is in `room`.
    public func hasMember(of server: ServerName, in room: RoomID) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT FROM current_membership
             WHERE room_id = $1 AND membership = 'join' AND substr(user_id, strpos(user_id, ':') + 1) = $2 LIMIT 1
            """, room.rawValue, server.rawValue)
        return !rows.isEmpty
    }

    /// Those of `users` that are of this server and in `room`, in the order given.
    public func joinedLocalMembers(of room: RoomID, among users: [UserID]) async throws -> [UserID] {
        guard !users.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT user_id FROM current_membership
             WHERE room_id = $1 AND user_id = ANY($2::text[]) AND membership = 'join' AND is_local
            """,
            room.rawValue, users.map(\.rawValue))
        let present = Set(try rows.compactMap { UserID(try $0.text("user_id")) })
        return users.filter(present.contains)
    }

    /// The bans of `room` in force, in byte order of the banned, at most `limit`.
    ///
    /// - Returns: each banned user with the content of their member event, redacted where it is.
    public func bans(of room: RoomID, version: RoomVersion, limit: Int) async throws -> [(
        user: UserID, content: JSONObject
    )] {
        let rows = try await database.query(
            """
            SELECT c.user_id, e.event_id, e.json, e.redacted_by IS NOT NULL AS is_redacted
              FROM current_membership AS c JOIN event AS e ON e.event_id = c.event_id
             WHERE c.room_id = $1 AND c.membership = 'ban' ORDER BY c.user_id LIMIT $2
            """,
            room.rawValue, Int64(limit))
        return try rows.compactMap { row in
            guard let user = UserID(try row.text("user_id")) else { return nil }
            return (user, try Self.event(of: row, version: version).content)
        }
    }

    /// The events of one type in `room`'s current state, in byte order of their state keys, at most `limit`.
    public func state(ofType type: String, in room: RoomID, version: RoomVersion, limit: Int) async throws -> [Event] {
        let rows = try await database.query(
            """
            SELECT e.event_id, e.json, e.redacted_by IS NOT NULL AS is_redacted
              FROM current_state AS c JOIN event AS e ON e.event_id = c.event_id
             WHERE c.room_id = $1 AND c.type = $2 ORDER BY c.state_key LIMIT $3
            """,
            room.rawValue, Array(type.utf8), Int64(limit))
        return try rows.map { try Self.event(of: $0, version: version) }
    }

    /// The newest event of `room` that the rules let in; `nil` when there is none.
    public func newestEvent(of room: RoomID) async throws -> EventID? {
        let rows = try await database.query(
            """
            SELECT event_id FROM event WHERE room_id = $1 AND NOT rejected AND NOT soft_failed
             ORDER BY seq DESC LIMIT 1
            """,
            room.rawValue)
        return try rows.first.flatMap { EventID(try $0.text("event_id")) }
    }

    /// The event of a row with `event_id`, `json` and `is_redacted`.
    static func event(of row: PostgresRow, version: RoomVersion) throws -> Event {
        let id = try row.identifier("event_id", as: EventID.self)
        var json = try JSONObject.parse(try row.bytes("json"))
        if try row.bool("is_redacted") { json = redact(json, rules: version.rules) }
        return try Event(json: json, id: id, format: version.rules.eventFormat)
    }
}
