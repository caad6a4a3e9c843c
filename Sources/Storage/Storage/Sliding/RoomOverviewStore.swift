import CanonicalJSON
import Identifiers
import Postgres

/// What a list of rooms is sorted and filtered by.
public struct RoomOverview: Sendable, Equatable {
    /// When the room's newest event was taken, in microseconds by the database's clock: grows within a room, and can be
    /// compared between rooms, which positions of different shards cannot.
    public let stamp: Int64
    /// The same for the newest event that people take for activity.
    public let bump: Int64
    public let isEncrypted: Bool
    /// `type` of the room's create event.
    public let type: String?
}

/// Reads what lists of rooms are made by.
public struct RoomOverviewStore: Sendable {
    /// The most rooms asked about in one statement.
    public static let roomsMax = 1_000
    /// How many of a room's newest events are looked through for one that is activity; beyond, the newest that counts as
    /// unread is it.
    public static let eventsMax = 50
    /// What people take for activity (MSC4186, `bump_stamp`).
    static let bumpTypes = [
        "m.room.create", "m.room.message", "m.room.encrypted", "m.sticker", "m.call.invite", "m.poll.start",
        "m.beacon_info",
    ]

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The overviews of `rooms`, each as of a position of its own.
    public func overviews(of rooms: [(room: RoomID, upTo: ShardSequence)]) async throws -> [RoomID: RoomOverview] {
        precondition(rooms.count <= Self.roomsMax, "too many rooms for one statement")
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT p.room_id, coalesce(newest.received_us, r.created_at_ms * 1000) AS stamp,
                   coalesce(bumped.received_us, counted.received_us, r.created_at_ms * 1000) AS bump,
                   EXISTS (SELECT FROM current_state AS c WHERE c.room_id = p.room_id
                              AND c.type = 'm.room.encryption' AND c.state_key = '') AS is_encrypted,
                   (SELECT e.json FROM current_state AS c JOIN event AS e ON e.event_id = c.event_id
                     WHERE c.room_id = p.room_id AND c.type = 'm.room.create' AND c.state_key = '') AS create_json
              FROM unnest($1::text[], $2::bigint[]) AS p (room_id, up_to)
              JOIN room AS r ON r.room_id = p.room_id
              LEFT JOIN LATERAL (
                   SELECT e.received_us FROM event AS e
                    WHERE e.room_id = p.room_id AND e.seq <= p.up_to AND NOT e.rejected AND NOT e.soft_failed
                    ORDER BY e.seq DESC LIMIT 1) AS newest ON true
              LEFT JOIN LATERAL (
                   SELECT recent.received_us FROM (
                          SELECT e.received_us, e.type, e.seq FROM event AS e
                           WHERE e.room_id = p.room_id AND e.seq <= p.up_to AND NOT e.rejected AND NOT e.soft_failed
                           ORDER BY e.seq DESC LIMIT $4) AS recent
                    WHERE recent.type = ANY($3::bytea[]) ORDER BY recent.seq DESC LIMIT 1) AS bumped ON true
              LEFT JOIN LATERAL (
                   SELECT e.received_us FROM countable_event AS c JOIN event AS e ON e.shard = c.shard AND e.seq = c.seq
                    WHERE c.room_id = p.room_id AND c.seq <= p.up_to AND bumped.received_us IS NULL
                    ORDER BY c.seq DESC LIMIT 1) AS counted ON true
            """, rooms.map(\.room.rawValue), rooms.map(\.upTo.value), Self.bumpTypes.map { Array($0.utf8) },
            Int64(Self.eventsMax))
        var found: [RoomID: RoomOverview] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            let create = try row.optionalBytes("create_json").map { try JSONObject.parse($0) }
            found[room] = RoomOverview(
                stamp: try row.int64("stamp"), bump: try row.int64("bump"), isEncrypted: try row.bool("is_encrypted"),
                type: create?["content"]?["type"]?.stringValue)
        }
        return found
    }
}
