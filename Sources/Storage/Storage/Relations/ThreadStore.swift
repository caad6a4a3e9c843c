import Identifiers
import Postgres

/// Reads which threads a room has: the `thread` table.
public struct ThreadStore: Sendable {
    /// The most threads a call returns.
    public static let threadsMax = 500

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The threads of `room`, those with the latest events first.
    ///
    /// - Parameters:
    ///   - before: their latest events come before this position.
    ///   - participant: only threads that this user began or sent something in; `nil`: all.
    public func threads(
        of room: RoomID, before: ShardSequence, participant: UserID?, limit: Int
    ) async throws -> [(root: EventID, latest: ShardSequence)] {
        precondition((0...Self.threadsMax).contains(limit), "a page has at most \(Self.threadsMax) threads")
        let rows = try await database.query(
            """
            SELECT t.root_id, t.latest_seq FROM thread AS t
             WHERE t.room_id = $1 AND t.event_count > 0 AND t.latest_seq < $2
               AND ($3::text IS NULL
                    OR EXISTS (SELECT FROM event AS root WHERE root.event_id = t.root_id AND root.sender = $3)
                    OR EXISTS (SELECT FROM event_relation AS r
                                WHERE r.parent_id = t.root_id AND r.rel_type = 'm.thread' AND r.sender = $3
                                  AND r.room_id = $1))
             ORDER BY t.latest_seq DESC LIMIT $4
            """, room.rawValue, before.value, participant?.rawValue, Int64(limit))
        return try rows.map { row in
            (try row.identifier("root_id", as: EventID.self), ShardSequence(try row.int64("latest_seq")))
        }
    }
}
