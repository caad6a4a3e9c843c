import CanonicalJSON
import Identifiers
import Postgres

/// A user of this server as the user directory shows them.
public struct FoundUser: Sendable, Equatable {
    public let user: UserID
    public let displayName: String?
    public let avatarURL: String?
}

/// Finds local users by the beginnings of words: `user_search_word`, and `account` by user ID.
public struct UserSearchStore: Sendable {
    /// The most users one search looks at.
    public static let candidatesMax = 500
    /// The most users whose visibility is asked for at once.
    public static let visibleMax = 50
    /// The most rooms of a user that are looked at for one that is open to all.
    public static let openRoomsMax = 100

    /// The end of a range of prefixes: after every text that begins with the prefix, in byte order.
    private static let last = "\u{10FFFF}"

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Has `user` found by `words` from now on, and by no others.
    public func index(_ user: UserID, by words: [String]) async throws {
        _ = try await database.query(
            """
            WITH gone AS (DELETE FROM user_search_word WHERE user_id = $1 AND word <> ALL ($2::text[]))
            INSERT INTO user_search_word (word, user_id) SELECT word, $1 FROM unnest($2::text[]) AS word
            ON CONFLICT DO NOTHING
            """,
            user.rawValue, words)
    }

    /// The active users whose ID, or a word of whose display name, begins with `prefix`, in the order of their IDs.
    ///
    /// - Parameter prefix: a search word, lower case and not empty.
    public func candidates(prefix: String) async throws -> [FoundUser] {
        let rows = try await database.query(
            """
            SELECT a.user_id, name.value AS name, avatar.value AS avatar
              FROM (SELECT user_id FROM user_search_word WHERE word >= $1 AND word < $2
                    UNION
                    SELECT user_id FROM account WHERE user_id >= $3 AND user_id < $4
                    ORDER BY user_id LIMIT $5) AS found
              JOIN account AS a ON a.user_id = found.user_id AND a.deactivated_at_ms IS NULL
              LEFT JOIN profile_field AS name ON name.user_id = a.user_id AND name.name = 'displayname'
              LEFT JOIN profile_field AS avatar ON avatar.user_id = a.user_id AND avatar.name = 'avatar_url'
             ORDER BY a.user_id
            """,
            prefix, prefix + Self.last, "@\(prefix)", "@\(prefix)\(Self.last)", Int64(Self.candidatesMax))
        return try rows.map { row in
            let user = try row.identifier("user_id", as: UserID.self)
            func text(_ column: String) throws -> String? {
                try row.optionalBytes(column).flatMap { try JSONValue.parse($0).stringValue }
            }
            return FoundUser(user: user, displayName: try text("name"), avatarURL: try text("avatar"))
        }
    }

    /// Those of `users` that `viewer` may find: who share a room with them, or are in a room open to all.
    ///
    /// - Parameter users: at most ``visibleMax``.
    public func visible(_ users: [UserID], to viewer: UserID) async throws -> Set<UserID> {
        precondition(users.count <= Self.visibleMax, "too many users for one statement")
        guard !users.isEmpty else { return [] }
        // Canonical JSON has exactly this text for a member of the content; a redacted event keeps it.
        let rows = try await database.query(
            """
            SELECT u.user_id FROM unnest($1::text[]) AS u (user_id)
             WHERE EXISTS (
                   SELECT FROM current_membership AS own
                     JOIN current_membership AS other ON other.room_id = own.room_id AND other.user_id = u.user_id
                      AND other.membership = 'join'
                    WHERE own.user_id = $2 AND own.membership = 'join' AND own.is_local)
                OR EXISTS (
                   SELECT FROM (
                          SELECT room_id FROM current_membership
                           WHERE user_id = u.user_id AND membership = 'join' AND is_local LIMIT $3) AS own
                     JOIN current_state AS s ON s.room_id = own.room_id AND s.state_key = ''
                      AND s.type IN ('m.room.join_rules', 'm.room.history_visibility')
                     JOIN event AS e ON e.event_id = s.event_id
                    WHERE position('"join_rule":"public"'::bytea IN e.json) > 0
                       OR position('"history_visibility":"world_readable"'::bytea IN e.json) > 0)
            """,
            users.map(\.rawValue), viewer.rawValue, Int64(Self.openRoomsMax))
        return Set(try rows.compactMap { UserID(try $0.text("user_id")) })
    }
}
