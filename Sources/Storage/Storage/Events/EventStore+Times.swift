import Identifiers
import Postgres

extension EventStore {
    /// The first event of `room` after one position and up to another, with the time its server says it was sent.
    public func firstTime(
        in room: RoomID, after: ShardSequence, upTo: ShardSequence
    ) async throws -> (position: ShardSequence, time: Timestamp)? {
        let rows = try await database.query(
            """
            SELECT seq, origin_server_ts FROM event
             WHERE room_id = $1 AND seq > $2 AND seq <= $3 AND NOT rejected AND NOT soft_failed
             ORDER BY seq LIMIT 1
            """,
            room.rawValue, after.value, upTo.value)
        return try rows.first.map { row in
            (ShardSequence(try row.int64("seq")), Timestamp(milliseconds: try row.int64("origin_server_ts")))
        }
    }
}
