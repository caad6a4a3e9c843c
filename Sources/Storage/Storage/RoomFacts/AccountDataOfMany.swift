import CanonicalJSON
import Identifiers
import Postgres

extension AccountDataStore {
    /// The most users asked about in one statement.
    public static let usersMax = 1_000

    /// What of `types` each of `users` has set, globally.
    public func fetch(_ types: [String], of users: [UserID]) async throws -> [UserID: [ByteOrderedText: JSONObject]] {
        precondition(users.count <= Self.usersMax, "too many users for one statement")
        guard !users.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT user_id, type, content FROM account_data
             WHERE user_id = ANY($1::text[]) AND room_id = '' AND type = ANY($2::bytea[]) AND content IS NOT NULL
            """,
            users.map(\.rawValue), types.map { Array($0.utf8) })
        var found: [UserID: [ByteOrderedText: JSONObject]] = [:]
        for row in rows {
            let user = try row.identifier("user_id", as: UserID.self)
            let type = ByteOrderedText(try row.byteText("type"))
            found[user, default: [:]][type] = try JSONObject.parse(try row.bytes("content"))
        }
        return found
    }

    /// The most rooms whose data of one type is read.
    public static let roomsMax = 20_000

    /// What `user` has set of `type` in rooms.
    public func fetchInRooms(_ type: String, of user: UserID) async throws -> [RoomID: JSONObject] {
        let rows = try await database.query(
            """
            SELECT room_id, content FROM account_data
             WHERE user_id = $1 AND room_id <> '' AND type = $2 AND content IS NOT NULL LIMIT $3
            """, user.rawValue, Array(type.utf8), Int64(Self.roomsMax))
        var found: [RoomID: JSONObject] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            found[room] = try JSONObject.parse(try row.bytes("content"))
        }
        return found
    }
}
