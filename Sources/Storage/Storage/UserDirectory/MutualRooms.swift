import Identifiers
import Postgres

extension RoomFacts {
    /// The rooms both users are in, in byte order, from the first after `last` on; at most `limit`.
    ///
    /// - Parameter user: of this server.
    public func mutualRooms(
        of user: UserID, and other: UserID, after last: RoomID?, limit: Int
    ) async throws -> [RoomID] {
        let rows = try await database.query(
            """
            SELECT own.room_id FROM current_membership AS own
              JOIN current_membership AS other
                ON other.room_id = own.room_id AND other.user_id = $2 AND other.membership = 'join'
             WHERE own.user_id = $1 AND own.membership = 'join' AND own.is_local AND own.room_id > $3
             ORDER BY own.room_id LIMIT $4
            """,
            user.rawValue, other.rawValue, last?.rawValue ?? "", Int64(limit))
        return try rows.compactMap { RoomID(try $0.text("room_id")) }
    }

    /// How many rooms both users are in, counted up to ``roomsMax``.
    public func mutualRoomCount(of user: UserID, and other: UserID) async throws -> Int {
        let rows = try await database.query(
            """
            SELECT count(*) AS number FROM (
                SELECT FROM current_membership AS own
                  JOIN current_membership AS other
                    ON other.room_id = own.room_id AND other.user_id = $2 AND other.membership = 'join'
                 WHERE own.user_id = $1 AND own.membership = 'join' AND own.is_local LIMIT $3) AS mutual
            """,
            user.rawValue, other.rawValue, Int64(Self.roomsMax))
        return try rows.first.map { Int(try $0.int64("number")) } ?? 0
    }

    /// The rooms the local user is in, in byte order, from the first after `last` on; at most `limit`.
    ///
    /// - Parameter last: a room's ID, or empty for the beginning.
    public func joinedRooms(of user: UserID, after last: String, limit: Int) async throws -> [RoomID] {
        let rows = try await database.query(
            """
            SELECT room_id FROM current_membership
             WHERE user_id = $1 AND membership = 'join' AND is_local AND room_id > $2 ORDER BY room_id LIMIT $3
            """,
            user.rawValue, last, Int64(limit))
        return try rows.compactMap { RoomID(try $0.text("room_id")) }
    }
}
