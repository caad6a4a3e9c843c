import CanonicalJSON
import Identifiers
import Postgres

/// Profile fields of this server's users: the `profile_field` table.
public struct ProfileStore: Sendable {
    /// The most a user's profile may take, names and values together, in bytes (spec v1.19, "Profiles").
    public static let bytesMax = 65_536

    /// What became of a change.
    public enum SetOutcome: Sendable, Equatable {
        case stored
        /// The whole profile would be over ``bytesMax``.
        case tooLarge
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// All fields of `user`; `nil` when there is no such account.
    public func fetch(_ user: UserID) async throws -> JSONObject? {
        let rows = try await database.query(
            """
            SELECT f.name, f.value FROM account AS a LEFT JOIN profile_field AS f ON f.user_id = a.user_id
             WHERE a.user_id = $1
            """,
            user.rawValue)
        guard !rows.isEmpty else { return nil }
        var profile = JSONObject()
        for row in rows {
            guard let name = try row.optionalText("name") else { continue }
            profile[name] = try JSONValue.parse(try row.bytes("value"))
        }
        return profile
    }

    /// The fields `displayname` and `avatar_url` of those of `users` that have an account, for member events.
    public func memberFields(of users: [UserID]) async throws -> [UserID: JSONObject] {
        let rows = try await database.query(
            """
            SELECT user_id, name, value FROM profile_field
             WHERE user_id = ANY($1::text[]) AND name IN ('displayname', 'avatar_url')
            """,
            users.map(\.rawValue))
        var profiles: [UserID: JSONObject] = [:]
        for row in rows {
            guard let user = UserID(try row.text("user_id")) else { continue }
            profiles[user, default: JSONObject()][try row.text("name")] = try JSONValue.parse(try row.bytes("value"))
        }
        return profiles
    }

    /// Sets one field of `user`, whose account exists.
    public func set(_ name: String, to value: JSONValue, of user: UserID) async throws -> SetOutcome {
        let bytes = value.bytes()
        let rows = try await database.query(
            """
            INSERT INTO profile_field (user_id, name, value)
            SELECT $1::text, $2::text, $3::bytea
             WHERE octet_length($2::text) + octet_length($3::bytea) + (
                    SELECT coalesce(sum(octet_length(name) + octet_length(value)), 0) FROM profile_field
                     WHERE user_id = $1 AND name <> $2) <= $4::bigint
            ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value
            RETURNING name
            """,
            user.rawValue, name, bytes, Int64(Self.bytesMax))
        return rows.isEmpty ? .tooLarge : .stored
    }

    /// Removes one field of `user`, if it is there.
    public func delete(_ name: String, of user: UserID) async throws {
        _ = try await database.query(
            "DELETE FROM profile_field WHERE user_id = $1 AND name = $2", user.rawValue, name)
    }
}
