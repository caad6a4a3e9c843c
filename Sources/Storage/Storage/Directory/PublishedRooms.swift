import Identifiers
import Postgres

/// A room of the directory, and where it stands in it.
public struct PublishedRoom: Sendable, Equatable {
    public let room: RoomID
    /// The binary logarithm of its members when it was last listed.
    ///
    /// Large rooms come first. The exact number would move rooms about between two pages of one reader.
    public let sizeClass: Int16

    public init(room: RoomID, sizeClass: Int16) {
        self.room = room
        self.sizeClass = sizeClass
    }

    /// The class of a room with so many members.
    public static func sizeClass(members: Int) -> Int16 {
        Int16(Int.bitWidth - max(0, members).leadingZeroBitCount)
    }
}

/// The server's room directory: the `published_room` table.
public struct PublishedRooms: Sendable {
    /// The most rooms of a page.
    public static let pageMax = 100

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    public func contains(_ room: RoomID) async throws -> Bool {
        let rows = try await database.query("SELECT FROM published_room WHERE room_id = $1", room.rawValue)
        return !rows.isEmpty
    }

    /// Puts `room` into the directory, if it is not there.
    public func insert(_ room: RoomID, by user: UserID, members: Int, at now: Timestamp) async throws {
        _ = try await database.query(
            """
            INSERT INTO published_room (room_id, publisher, published_at_ms, size_class) VALUES ($1, $2, $3, $4)
            ON CONFLICT (room_id) DO NOTHING
            """,
            room.rawValue, user.rawValue, now.milliseconds, PublishedRoom.sizeClass(members: members))
    }

    /// Takes `room` out of the directory, if it is there.
    public func delete(_ room: RoomID) async throws {
        _ = try await database.query("DELETE FROM published_room WHERE room_id = $1", room.rawValue)
    }

    /// Puts `new` where `old` is in the directory, if it is there.
    public func replace(_ old: RoomID, by new: RoomID) async throws {
        _ = try await database.query(
            """
            WITH gone AS (DELETE FROM published_room WHERE room_id = $1 RETURNING *)
            INSERT INTO published_room (room_id, publisher, published_at_ms, size_class)
            SELECT $2, publisher, published_at_ms, size_class FROM gone
            ON CONFLICT (room_id) DO NOTHING
            """,
            old.rawValue, new.rawValue)
    }

    /// The rooms after `last` in the directory's order: by class, the largest first, then by ID.
    ///
    /// - Parameters:
    ///   - last: `nil` for the beginning.
    ///   - limit: at most ``pageMax``.
    public func page(after last: PublishedRoom?, limit: Int) async throws -> [PublishedRoom] {
        precondition((1...Self.pageMax).contains(limit), "a page of the directory has 1 to \(Self.pageMax) rooms")
        let rows = try await database.query(
            """
            SELECT room_id, size_class FROM published_room
             WHERE (-size_class, room_id) > (-$1::smallint, $2::text) ORDER BY -size_class, room_id LIMIT $3
            """,
            last?.sizeClass ?? Int16.max, last?.room.rawValue ?? "", Int64(limit))
        return try rows.map { row in
            let room = try row.identifier("room_id", as: RoomID.self)
            return PublishedRoom(room: room, sizeClass: try row.int16("size_class"))
        }
    }

    /// Moves rooms whose class has changed.
    public func update(_ rooms: [PublishedRoom]) async throws {
        guard !rooms.isEmpty else { return }
        _ = try await database.query(
            """
            UPDATE published_room AS p SET size_class = n.size_class
              FROM unnest($1::text[], $2::smallint[]) AS n (room_id, size_class) WHERE p.room_id = n.room_id
            """,
            rooms.map(\.room.rawValue), rooms.map(\.sizeClass))
    }

    /// How many rooms the directory has.
    public func count() async throws -> Int {
        let rows = try await database.query("SELECT count(*) AS number FROM published_room")
        return try rows.first.map { Int(try $0.int64("number")) } ?? 0
    }
}
