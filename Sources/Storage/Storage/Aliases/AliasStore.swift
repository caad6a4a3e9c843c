import Identifiers
import Postgres

/// Where a room alias of this server points.
public struct AliasRecord: Sendable, Equatable {
    public let room: RoomID
    public let creator: UserID
}

/// Room aliases of this server: the `room_alias` table.
///
/// An alias is reserved before its room is made, so that two rooms never race for it. A reservation whose room never
/// came to be (the worker died in between) lapses after ``reservationMs``.
public struct AliasStore: Sendable {
    /// How long a reservation without a room is kept, in milliseconds.
    public static let reservationMs: Int64 = 60_000
    /// The most aliases of a room that a list returns.
    public static let listMax = 500

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Points `alias` to `room`; `false` when it is taken.
    public func reserve(_ alias: RoomAlias, for room: RoomID, by user: UserID, at now: Timestamp) async throws -> Bool {
        let rows = try await database.query(
            """
            INSERT INTO room_alias AS held (alias, room_id, creator, created_at_ms) VALUES ($1, $2, $3, $4)
            ON CONFLICT (alias) DO UPDATE
               SET room_id = excluded.room_id, creator = excluded.creator, created_at_ms = excluded.created_at_ms
             WHERE held.created_at_ms < $4::bigint - $5::bigint
               AND NOT EXISTS (SELECT FROM room WHERE room.room_id = held.room_id)
            RETURNING alias
            """,
            alias.rawValue, room.rawValue, user.rawValue, now.milliseconds, Self.reservationMs)
        return !rows.isEmpty
    }

    /// Where `alias` points, when that room exists; `nil` otherwise.
    public func fetch(_ alias: RoomAlias) async throws -> AliasRecord? {
        let rows = try await database.query(
            """
            SELECT room_id, creator FROM room_alias
             WHERE alias = $1 AND EXISTS (SELECT FROM room WHERE room.room_id = room_alias.room_id)
            """,
            alias.rawValue)
        guard let row = rows.first else { return nil }
        let room = try row.identifier("room_id", as: RoomID.self)
        let creator = try row.identifier("creator", as: UserID.self)
        return AliasRecord(room: room, creator: creator)
    }

    /// Removes `alias` when it points to `room`; `false` when it does not.
    @discardableResult
    public func delete(_ alias: RoomAlias, of room: RoomID) async throws -> Bool {
        let rows = try await database.query(
            "DELETE FROM room_alias WHERE alias = $1 AND room_id = $2 RETURNING alias", alias.rawValue, room.rawValue)
        return !rows.isEmpty
    }

    /// The aliases of `room` in byte order, at most ``listMax``.
    public func list(of room: RoomID) async throws -> [RoomAlias] {
        let rows = try await database.query(
            "SELECT alias FROM room_alias WHERE room_id = $1 ORDER BY alias LIMIT $2", room.rawValue,
            Int64(Self.listMax))
        return try rows.compactMap { RoomAlias(try $0.text("alias")) }
    }

    /// Points the aliases of one room to another, at most ``listMax``.
    public func move(from old: RoomID, to new: RoomID) async throws {
        _ = try await database.query(
            """
            UPDATE room_alias SET room_id = $2
             WHERE alias IN (SELECT alias FROM room_alias WHERE room_id = $1 ORDER BY alias LIMIT $3)
            """,
            old.rawValue, new.rawValue, Int64(Self.listMax))
    }
}
