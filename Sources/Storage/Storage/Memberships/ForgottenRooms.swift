import Identifiers
import Postgres

/// Reads which rooms users have forgotten.
public struct ForgottenRooms: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Up to where `user` has forgotten `room`, in the order of the room's shard; `nil` when they never have.
    ///
    /// Whoever became a member again after it remembers the room again.
    public func position(of room: RoomID, for user: UserID) async throws -> ShardSequence? {
        let rows = try await database.query(
            "SELECT seq FROM forgotten_room WHERE user_id = $1 AND room_id = $2", user.rawValue, room.rawValue)
        return try rows.first.map { ShardSequence(try $0.int64("seq")) }
    }
}
