import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules

/// Some of a room's current state.
public struct RoomState: Sendable {
    public let placement: RoomPlacement
    /// By type, with the empty state key.
    public let events: [StateMapKey: Event]
}

extension RoomFacts {
    /// The most rooms asked about in one statement.
    public static let roomsPerStatementMax = 100

    /// What of `types` with the empty state key is set in each of `rooms`; rooms this server does not have are left out.
    public func state(_ types: [String], of rooms: [RoomID]) async throws -> [RoomID: RoomState] {
        precondition(rooms.count <= Self.roomsPerStatementMax, "too many rooms for one statement")
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT r.room_id, r.shard, r.version, s.event_id, s.json, s.redacted_by IS NOT NULL AS is_redacted
              FROM room AS r
              LEFT JOIN LATERAL (
                   SELECT e.event_id, e.json, e.redacted_by FROM current_state AS c
                     JOIN event AS e ON e.event_id = c.event_id
                    WHERE c.room_id = r.room_id AND c.type = ANY($2::bytea[]) AND c.state_key = '') AS s ON true
             WHERE r.room_id = ANY($1::text[])
            """,
            rooms.map(\.rawValue), types.map { Array($0.utf8) })
        var placements: [RoomID: RoomPlacement] = [:]
        var events: [RoomID: [StateMapKey: Event]] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            guard let version = RoomVersion(try row.text("version")) else { throw StoreError.malformedRow("version") }
            placements[room] = RoomPlacement(shard: ShardID(try row.int16("shard")), version: version)
            guard try row.optionalText("event_id") != nil else { continue }
            let event = try Self.event(of: row, version: version)
            if let key = event.stateMapKey { events[room, default: [:]][key] = event }
        }
        return placements.reduce(into: [:]) { found, entry in
            found[entry.key] = RoomState(placement: entry.value, events: events[entry.key] ?? [:])
        }
    }

    /// How many are in each of `rooms`; rooms nobody is in are left out.
    public func joinedCounts(of rooms: [RoomID]) async throws -> [RoomID: Int] {
        precondition(rooms.count <= Self.roomsPerStatementMax, "too many rooms for one statement")
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT room_id, count(*) AS number FROM current_membership
             WHERE room_id = ANY($1::text[]) AND membership = 'join' GROUP BY room_id
            """,
            rooms.map(\.rawValue))
        var counts: [RoomID: Int] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            counts[room] = Int(try row.int64("number"))
        }
        return counts
    }

    /// The memberships of `user` in those of `rooms` in which they ever had one.
    public func memberships(of user: UserID, in rooms: [RoomID]) async throws -> [RoomID: String] {
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            "SELECT room_id, membership FROM current_membership WHERE room_id = ANY($1::text[]) AND user_id = $2",
            rooms.map(\.rawValue), user.rawValue)
        var found: [RoomID: String] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            found[room] = try row.text("membership")
        }
        return found
    }
}
