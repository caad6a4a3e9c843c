import Identifiers
import Postgres

/// Reads the events that stick: the `sticky_event` table.
public struct StickyEventStore: Sendable {
    /// The most events of one room that a call returns; of more, the newest.
    public static let perRoomMax = 500
    /// The most rooms asked about in one statement.
    public static let roomsPerStatementMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The events of each room in its range that stick at `now`, oldest first.
    public func events(of rooms: [RoomPageRequest], at now: Timestamp) async throws -> [RoomID: [StoredEvent]] {
        var found: [RoomID: [StoredEvent]] = [:]
        for start in stride(from: 0, to: rooms.count, by: Self.roomsPerStatementMax) {
            let part = rooms[start..<min(start + Self.roomsPerStatementMax, rooms.count)]
            try await read(Array(part), at: now, into: &found)
        }
        return found
    }

    private func read(
        _ rooms: [RoomPageRequest], at now: Timestamp, into found: inout [RoomID: [StoredEvent]]
    ) async throws {
        let rows = try await database.query(
            """
            SELECT p.room_id, \(StoredEvent.columns)
              FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS p (room_id, after, up_to)
             CROSS JOIN LATERAL (
                   SELECT shard, seq FROM sticky_event
                    WHERE room_id = p.room_id AND seq > p.after AND seq <= p.up_to AND expires_at_ms > $4
                    ORDER BY seq DESC LIMIT $5) AS s
              JOIN event AS e ON e.shard = s.shard AND e.seq = s.seq
             ORDER BY p.room_id, e.seq
            """, rooms.map(\.room.rawValue), rooms.map(\.after.value), rooms.map(\.upTo.value), now.milliseconds,
            Int64(Self.perRoomMax))
        let rules = Dictionary(rooms.map { ($0.room, $0.rules) }, uniquingKeysWith: { first, _ in first })
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            guard let rules = rules[room] else { throw StoreError.malformedRow("sticky_event.room_id") }
            found[room, default: []].append(try StoredEvent(row: row, rules: rules))
        }
    }
}
