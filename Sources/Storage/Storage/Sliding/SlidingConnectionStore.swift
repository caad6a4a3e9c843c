import Identifiers
import Postgres

/// What a sliding sync's connection has been told of one room.
public struct SlidingRoom: Sendable, Equatable {
    public let room: RoomID
    /// Where the client's knowledge ends, in the order of the room's shard; `nil`: where its last answer was made.
    public let sentUpTo: ShardSequence?
    /// How many of the latest events it has been given.
    public let timelineLimit: Int
    /// Which state it has been given: names a configuration of the connection.
    public let config: Int64

    public init(room: RoomID, sentUpTo: ShardSequence?, timelineLimit: Int, config: Int64) {
        self.room = room
        self.sentUpTo = sentUpTo
        self.timelineLimit = timelineLimit
        self.config = config
    }
}

/// What a connection's client knows when it comes with one position.
public struct SlidingRooms: Sendable, Equatable {
    public var rooms: [RoomID: SlidingRoom] = [:]
    /// Required state as JSON, by its name.
    public var configs: [Int64: [UInt8]] = [:]

    public init() {}
}

// A client comes with the position of the last answer it has had, or, when that was lost, with the one before; never with
// an older one. So an answer adds rows for the rooms of which the client knows something else afterwards, numbered by its
// position, and takes away what no position that may still come is made of: rows of answers that were lost, and rows that
// newer ones the client has had replace. Nothing is written as long as the same rooms go on being told.

/// What the connections of sliding syncs have been told, for whatever worker they come to next.
public struct SlidingConnectionStore: Sendable {
    /// The most connections of a device; those used longest ago end when there are more.
    public static let connectionsMax = 20
    /// How long a connection is kept that is not used.
    public static let keptDays = 30
    /// Connections ended in one statement.
    public static let endedMax = 500

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Begins a connection at position 0, and ends the one of the same name.
    public func begin(_ name: String, of user: UserID, on device: DeviceID) async throws -> Int64 {
        let rows = try await database.query(
            """
            WITH ended AS (
                DELETE FROM sliding_connection WHERE user_id = $1 AND device_id = $2
                   AND (name = $3 OR connection_id IN (
                       SELECT connection_id FROM sliding_connection WHERE user_id = $1 AND device_id = $2
                        ORDER BY used_at DESC, connection_id DESC OFFSET $4)))
            INSERT INTO sliding_connection (user_id, device_id, name) VALUES ($1, $2, $3) RETURNING connection_id
            """, user.rawValue, device.rawValue, Array(name.utf8), Int64(Self.connectionsMax - 1))
        guard let row = rows.first else { throw StoreError.malformedRow("sliding_connection") }
        return try row.int64("connection_id")
    }

    /// What is known at a position; `nil` when no client can be there.
    public func rooms(
        at position: Int64, of connection: Int64, for user: UserID, on device: DeviceID
    ) async throws -> SlidingRooms? {
        let used = try await database.query(
            """
            UPDATE sliding_connection SET used_at = now()
             WHERE connection_id = $1 AND user_id = $2 AND device_id = $3 AND $4 IN (position, parent)
            RETURNING connection_id
            """, connection, user.rawValue, device.rawValue, position)
        guard !used.isEmpty else { return nil }
        async let configs = database.query(
            "SELECT config_id, json FROM sliding_config WHERE connection_id = $1", connection)
        let rows = try await database.query(
            """
            SELECT DISTINCT ON (room_id) room_id, sent_seq, timeline_limit, config_id FROM sliding_room
             WHERE connection_id = $1 AND position <= $2 ORDER BY room_id, position DESC
            """, connection, position)
        var found = SlidingRooms()
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            found.rooms[room] = SlidingRoom(
                room: room, sentUpTo: try row.optionalInt64("sent_seq").map { ShardSequence($0) },
                timelineLimit: Int(try row.int16("timeline_limit")), config: try row.int64("config_id"))
        }
        for row in try await configs { found.configs[try row.int64("config_id")] = try row.bytes("json") }
        return found
    }

    /// Writes what an answer to a client at `position` tells it.
    ///
    /// - Returns: the position of whoever has had the answer; `nil` when no client can be at `position` any more.
    public func advance(
        _ connection: Int64, from position: Int64, telling rooms: [SlidingRoom], configs: [Int64: [UInt8]]
    ) async throws -> Int64? {
        let configs = configs.sorted { $0.key < $1.key }
        let rows = try await database.query(
            """
            WITH advanced AS (
                UPDATE sliding_connection SET parent = $2, position = position + 1, used_at = now()
                 WHERE connection_id = $1 AND $2 IN (position, parent) RETURNING position),
            config AS (
                INSERT INTO sliding_config (connection_id, config_id, json)
                SELECT $1, c.id, c.json FROM unnest($3::bigint[], $4::bytea[]) AS c (id, json), advanced
                    ON CONFLICT DO NOTHING),
            dropped AS (
                DELETE FROM sliding_room AS r USING advanced
                 WHERE r.connection_id = $1
                   AND (r.position > $2 OR r.room_id = ANY($5::text[]) AND EXISTS (
                       SELECT FROM sliding_room AS later
                        WHERE later.connection_id = $1 AND later.room_id = r.room_id
                          AND later.position > r.position AND later.position <= $2))),
            added AS (
                INSERT INTO sliding_room (connection_id, room_id, position, sent_seq, timeline_limit, config_id)
                SELECT $1, r.room_id, advanced.position, r.sent_seq, r.timeline_limit, r.config_id
                  FROM unnest($5::text[], $6::bigint[], $7::smallint[], $8::bigint[])
                       AS r (room_id, sent_seq, timeline_limit, config_id), advanced)
            SELECT position FROM advanced
            """, connection, position, configs.map(\.key), configs.map(\.value), rooms.map(\.room.rawValue),
            rooms.map { $0.sentUpTo?.value }, rooms.map { Int16(clamping: $0.timelineLimit) }, rooms.map(\.config))
        return try rows.first.map { try $0.int64("position") }
    }

    /// Ends connections that nobody has used for ``keptDays``, a few at a time.
    public func endUnused() async throws {
        try await database.query(
            """
            DELETE FROM sliding_connection WHERE connection_id IN (
                SELECT connection_id FROM sliding_connection WHERE used_at < now() - $1 * interval '1 day' LIMIT $2)
            """, Int64(Self.keptDays), Int64(Self.endedMax))
    }
}
