import CanonicalJSON
import Identifiers
import Postgres

/// One piece of a user's account data, as committed; changes of it are read through the user's stream.
public struct AccountDataStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The content of `type`; `nil` when it is not set or was deleted.
    ///
    /// - Parameter room: `nil` for global account data.
    public func fetch(_ type: String, of user: UserID, in room: RoomID?) async throws -> JSONObject? {
        let rows = try await database.query(
            "SELECT content FROM account_data WHERE user_id = $1 AND room_id = $2 AND type = $3", user.rawValue,
            room?.rawValue ?? "", Array(type.utf8))
        guard let row = rows.first, let content = try row.optionalBytes("content") else { return nil }
        return try JSONObject.parse(content)
    }
}
