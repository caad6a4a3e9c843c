import Identifiers
import Postgres

/// What push rules ask about a room and somebody in it.
public struct PushFacts: Sendable {
    /// How many are in the room, counted up to a limit.
    public var memberCount: Int
    /// The user's name in the room.
    public var displayName: String?
}

/// Reads what push rules ask about rooms, as it is now.
public struct PushFactStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// What there is to say of each of `rooms` to `user`.
    ///
    /// - Parameters:
    ///   - user: `nil`: nobody's name is asked for.
    ///   - countMax: members are counted up to this.
    public func facts(of rooms: [RoomID], for user: UserID?, countMax: Int) async throws -> [RoomID: PushFacts] {
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT r.room_id, own.display_name, (SELECT count(*) FROM (
                       SELECT FROM current_membership AS m WHERE m.room_id = r.room_id AND m.membership = 'join'
                        LIMIT $3) AS few) AS number
              FROM unnest($1::text[]) AS r (room_id)
              LEFT JOIN current_membership AS own ON own.room_id = r.room_id AND own.user_id = $2
            """, rooms.map(\.rawValue), user?.rawValue ?? "", Int64(countMax))
        var facts: [RoomID: PushFacts] = [:]
        for row in rows {
            guard let room = RoomID(try row.text("room_id")) else { throw StoreError.malformedRow("room_id") }
            facts[room] = PushFacts(
                memberCount: Int(try row.int64("number")),
                displayName: try row.optionalBytes("display_name").map { String(decoding: $0, as: UTF8.self) })
        }
        return facts
    }
}
