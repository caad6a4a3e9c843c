import Identifiers
import Postgres

/// Each user's room for notices of the server: the `server_notice_room` table.
public struct ServerNoticeRooms: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The room of `user`; `nil` when they have none.
    public func fetch(_ user: UserID) async throws -> RoomID? {
        let rows = try await database.query(
            "SELECT room_id FROM server_notice_room WHERE user_id = $1", user.rawValue)
        return try rows.first.flatMap { RoomID(try $0.text("room_id")) }
    }

    /// Makes `room` the room of `user`, unless they have one.
    ///
    /// - Returns: the room they have now.
    public func insert(_ room: RoomID, for user: UserID) async throws -> RoomID {
        let rows = try await database.query(
            """
            INSERT INTO server_notice_room AS held (user_id, room_id) VALUES ($1, $2)
            ON CONFLICT (user_id) DO UPDATE SET room_id = held.room_id RETURNING room_id
            """,
            user.rawValue, room.rawValue)
        guard let held = try rows.first.flatMap({ RoomID(try $0.text("room_id")) }) else {
            throw StoreError.malformedRow("server_notice_room.room_id")
        }
        return held
    }
}
