import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules

/// Where a room is and by what rules it goes; neither ever changes.
public struct RoomPlacement: Sendable, Equatable {
    public let shard: ShardID
    public let version: RoomVersion

    package init(shard: ShardID, version: RoomVersion) {
        self.shard = shard
        self.version = version
    }
}

/// What is so in rooms at this moment, as committed: for deciding whether somebody may do something.
///
/// Reading history, and everything that has to agree with a cut, goes through `RoomReader`.
public struct RoomFacts: Sendable {
    /// The most rooms of a user that a list returns.
    public static let roomsMax = 20_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Where `room` is; `nil` when this server does not have it.
    public func placement(of room: RoomID) async throws -> RoomPlacement? {
        let rows = try await database.query("SELECT shard, version FROM room WHERE room_id = $1", room.rawValue)
        guard let row = rows.first else { return nil }
        guard let version = RoomVersion(try row.text("version")) else { throw StoreError.malformedRow("room.version") }
        return RoomPlacement(shard: ShardID(try row.int16("shard")), version: version)
    }

    /// The membership of `user` in `room`: join, invite, leave, ban or knock; `nil` when they never had one.
    public func membership(of user: UserID, in room: RoomID) async throws -> String? {
        let rows = try await database.query(
            "SELECT membership FROM current_membership WHERE room_id = $1 AND user_id = $2", room.rawValue,
            user.rawValue)
        return try rows.first?.text("membership")
    }

    /// The rooms the local user is in, in byte order, at most ``roomsMax``.
    public func joinedRooms(of user: UserID) async throws -> [RoomID] {
        let rows = try await database.query(
            """
            SELECT room_id FROM current_membership WHERE user_id = $1 AND membership = 'join' AND is_local
             ORDER BY room_id LIMIT $2
            """,
            user.rawValue, Int64(Self.roomsMax))
        return try rows.compactMap { RoomID(try $0.text("room_id")) }
    }

    /// The members of `room` on this server that are in it, in byte order, at most `limit`.
    public func joinedLocalMembers(of room: RoomID, limit: Int) async throws -> [UserID] {
        let rows = try await database.query(
            """
            SELECT user_id FROM current_membership
             WHERE room_id = $1 AND membership = 'join' AND is_local ORDER BY user_id LIMIT $2
            """,
            room.rawValue, Int64(limit))
        return try rows.compactMap { UserID(try $0.text("user_id")) }
    }

    /// The events that are `room`'s current state under `keys`, redacted where they are.
    public func state(_ keys: [StateMapKey], of room: RoomID, version: RoomVersion) async throws -> [StateMapKey: Event]
    {
        let rows = try await database.query(
            """
            SELECT e.event_id, e.json, e.redacted_by IS NOT NULL AS is_redacted
              FROM unnest($2::bytea[], $3::bytea[]) AS wanted (type, state_key)
              JOIN current_state AS c ON c.room_id = $1 AND c.type = wanted.type AND c.state_key = wanted.state_key
              JOIN event AS e ON e.event_id = c.event_id
            """,
            room.rawValue, keys.map { Array($0.type.utf8) }, keys.map { Array($0.stateKey.utf8) })
        var state: [StateMapKey: Event] = [:]
        for row in rows {
            let event = try Self.event(of: row, version: version)
            if let key = event.stateMapKey { state[key] = event }
        }
        return state
    }

    /// Whether `event` is one of `room` that the rules let in.
    public func has(_ event: EventID, in room: RoomID) async throws -> Bool {
        let rows = try await database.query(
            "SELECT FROM event WHERE event_id = $1 AND room_id = $2 AND NOT rejected AND NOT soft_failed",
            event.rawValue, room.rawValue)
        return !rows.isEmpty
    }

    /// The room that `event` is of; `nil` for one that is not here, or that the rules did not let in.
    public func room(of event: EventID) async throws -> RoomID? {
        let rows = try await database.query(
            "SELECT room_id FROM event WHERE event_id = $1 AND NOT rejected AND NOT soft_failed", event.rawValue)
        return try rows.first.flatMap { RoomID(try $0.text("room_id")) }
    }

    /// Who sent `event` to `room`; `nil` when the room has no such event that the rules let in.
    public func sender(of event: EventID, in room: RoomID) async throws -> UserID? {
        let rows = try await database.query(
            "SELECT sender FROM event WHERE event_id = $1 AND room_id = $2 AND NOT rejected AND NOT soft_failed",
            event.rawValue, room.rawValue)
        return try rows.first.flatMap { UserID(try $0.text("sender")) }
    }
}
