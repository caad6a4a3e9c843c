import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules

/// Where a room's history ends: what its next event comes after.
public struct StoredRoomHead: Sendable {
    public struct Extremity: Sendable {
        public let event: EventID
        public let depth: Int64
        public let stateAfter: StateRootID?
    }

    public let version: RoomVersion
    public let shard: ShardID
    /// The root of current state; `nil` only for a room without state, which no writer makes.
    public let currentRoot: StateRootID?
    /// The deepest first.
    public let extremities: [Extremity]
}

/// Reads the heads of rooms for the owner of their shard, who alone may rely on them.
public struct RoomHeadStore: Sendable {
    /// The most forward extremities a room may have; a writer makes no more.
    public static let extremitiesMax = 10_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The head of `room`; `nil` when this server does not have the room.
    public func fetch(_ room: RoomID) async throws -> StoredRoomHead? {
        let rows = try await database.query(
            """
            SELECT r.shard, r.version, e.event_id, e.depth, e.state_after,
                   (SELECT c.root_id FROM state_change AS c WHERE c.room_id = r.room_id
                     ORDER BY c.seq DESC LIMIT 1) AS root_id
              FROM room AS r
              LEFT JOIN (forward_extremity AS f JOIN event AS e ON e.event_id = f.event_id) ON f.room_id = r.room_id
             WHERE r.room_id = $1
             ORDER BY e.depth DESC, e.event_id LIMIT $2
            """, room.rawValue, Int64(Self.extremitiesMax))
        guard let first = rows.first else { return nil }
        guard let version = RoomVersion(try first.text("version")) else {
            throw StoreError.malformedRow("room.version")
        }
        return StoredRoomHead(
            version: version, shard: ShardID(try first.int16("shard")),
            currentRoot: try first.optionalInt64("root_id").map { StateRootID($0) },
            extremities: try rows.compactMap { row in
                guard let event = try row.optionalText("event_id").flatMap({ EventID($0) }) else { return nil }
                return StoredRoomHead.Extremity(
                    event: event, depth: try row.int64("depth"),
                    stateAfter: try row.optionalInt64("state_after").map { StateRootID($0) })
            })
    }
}
