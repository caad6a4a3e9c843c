import Identifiers
import Postgres

/// A user in a room, as its members see them.
public struct RoomMember: Sendable, Equatable {
    public let user: UserID
    public let displayName: String?
    public let avatarURL: String?

    public init(user: UserID, displayName: String?, avatarURL: String?) {
        self.user = user
        self.displayName = displayName
        self.avatarURL = avatarURL
    }
}

/// Reads who is in rooms at this moment, as committed.
public struct CurrentMembers: Sendable {
    /// The most members one call returns.
    public static let pageMax = 2_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Those who are in `room`, in byte order, from the first after `last` on; at most ``pageMax``.
    ///
    /// - Parameter last: `nil` for the first page.
    public func joined(in room: RoomID, after last: UserID?) async throws -> [RoomMember] {
        // What a redacted member event said about its user is gone.
        let rows = try await database.query(
            """
            SELECT c.user_id, c.display_name, c.avatar_url, e.redacted_by IS NOT NULL AS is_redacted
              FROM current_membership AS c JOIN event AS e ON e.event_id = c.event_id
             WHERE c.room_id = $1 AND c.membership = 'join' AND c.user_id > $2
             ORDER BY c.user_id LIMIT $3
            """, room.rawValue, last?.rawValue ?? "", Int64(Self.pageMax))
        return try rows.map { row in
            let user = try row.identifier("user_id", as: UserID.self)
            let isRedacted = try row.bool("is_redacted")
            func text(_ column: String) throws -> String? {
                isRedacted ? nil : try row.optionalByteText(column)
            }
            return RoomMember(user: user, displayName: try text("display_name"), avatarURL: try text("avatar_url"))
        }
    }
}
