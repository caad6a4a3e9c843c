import Identifiers
import Postgres

/// Whether anything happened in a room.
public struct RoomActivity: Sendable, Equatable {
    public let hasEvents: Bool
    /// Current state changed, with or without an event of its own.
    public let hasStateChanges: Bool
    public let hasReceipts: Bool
}

/// Says in which rooms something happened, for readers the log does not reach back to.
public struct RoomActivityStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// What happened in each of `rooms` after one position and up to another; rooms in which nothing did are left out.
    public func activity(
        in rooms: [(room: RoomID, after: ShardSequence, upTo: ShardSequence)]
    ) async throws -> [RoomID: RoomActivity] {
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT * FROM (
                SELECT p.room_id,
                       EXISTS (SELECT FROM event AS e WHERE e.room_id = p.room_id AND e.seq > p.after
                                  AND e.seq <= p.up_to) AS has_events,
                       EXISTS (SELECT FROM state_change AS c WHERE c.room_id = p.room_id AND c.seq > p.after
                                  AND c.seq <= p.up_to) AS has_state,
                       EXISTS (SELECT FROM receipt AS r WHERE r.room_id = p.room_id AND r.seq > p.after
                                  AND r.seq <= p.up_to) AS has_receipts
                  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS p (room_id, after, up_to)) AS found
             WHERE has_events OR has_state OR has_receipts
            """, rooms.map(\.room.rawValue), rooms.map(\.after.value), rooms.map(\.upTo.value))
        var found: [RoomID: RoomActivity] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            found[room] = RoomActivity(
                hasEvents: try row.bool("has_events"), hasStateChanges: try row.bool("has_state"),
                hasReceipts: try row.bool("has_receipts"))
        }
        return found
    }
}
