import Identifiers
import Postgres

/// A piece of account data as it stands, with where it was last set.
public struct AccountDataItem: Sendable, Equatable {
    /// `nil`: global.
    public let room: RoomID?
    public let type: String
    /// A JSON object; `nil`: it was deleted.
    public let content: [UInt8]?
    /// In the order of the user's shard.
    public let position: ShardSequence

    public init(room: RoomID?, type: String, content: [UInt8]?, position: ShardSequence) {
        self.room = room
        self.type = type
        self.content = content
        self.position = position
    }
}

extension AccountDataStore {
    /// The most pieces a call returns.
    public static let itemsMax = 20_000

    /// The pieces of `user`'s account data, global and of rooms, last set after one position and up to another; a piece
    /// set again later belongs to a later reading.
    public func changes(
        of user: UserID, after: ShardSequence, upTo: ShardSequence
    ) async throws -> [AccountDataItem] {
        let rows = try await database.query(
            """
            SELECT room_id, type, content, seq FROM account_data
             WHERE user_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4
            """, user.rawValue, after.value, upTo.value, Int64(Self.itemsMax))
        return try rows.map { try AccountDataItem(row: $0) }
    }

    /// The pieces of `user`'s account data of `rooms`, last set up to `position`; deleted ones are left out.
    public func items(
        of user: UserID, in rooms: [RoomID], upTo position: ShardSequence
    ) async throws -> [AccountDataItem] {
        guard !rooms.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT room_id, type, content, seq FROM account_data
             WHERE user_id = $1 AND room_id = ANY($2::text[]) AND seq <= $3 AND content IS NOT NULL
             ORDER BY seq LIMIT $4
            """, user.rawValue, rooms.map(\.rawValue), position.value, Int64(Self.itemsMax))
        return try rows.map { try AccountDataItem(row: $0) }
    }
}

extension AccountDataItem {
    fileprivate init(row: PostgresRow) throws {
        let roomText = try row.text("room_id")
        let room = roomText.isEmpty ? nil : RoomID(roomText)
        guard room != nil || roomText.isEmpty else { throw StoreError.malformedRow("account_data.room_id") }
        self.init(
            room: room, type: try row.byteText("type"),
            content: try row.optionalBytes("content"), position: ShardSequence(try row.int64("seq")))
    }
}
