import Identifiers
import Postgres

/// The accounts of this server's users: the `account` table.
public struct AccountStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The account of `user`, deactivated ones included; `nil` when there is none.
    public func fetch(_ user: UserID) async throws -> Account? {
        let rows = try await database.query(
            """
            SELECT shard, password_hash, is_admin, is_guest, deactivated_at_ms, suspended_at_ms, locked_at_ms
              FROM account WHERE user_id = $1
            """,
            user.rawValue)
        guard let row = rows.first else { return nil }
        return Account(
            user: user,
            shard: ShardID(try row.int16("shard")),
            passwordHash: try row.optionalText("password_hash"),
            isAdmin: try row.bool("is_admin"),
            isGuest: try row.bool("is_guest"),
            deactivatedAt: try row.optionalInt64("deactivated_at_ms").map(Timestamp.init(milliseconds:)),
            suspendedAt: try row.optionalInt64("suspended_at_ms").map(Timestamp.init(milliseconds:)),
            lockedAt: try row.optionalInt64("locked_at_ms").map(Timestamp.init(milliseconds:)))
    }

    /// The shards of those of `users` that have an account here.
    ///
    /// - Precondition: at most ``shardsMax`` users.
    public func shards(of users: [UserID]) async throws -> [UserID: ShardID] {
        precondition(users.count <= Self.shardsMax, "shards(of:) takes at most \(Self.shardsMax) users")
        let rows = try await database.query(
            "SELECT user_id, shard FROM account WHERE user_id = ANY($1::text[])", users.map(\.rawValue))
        var shards: [UserID: ShardID] = [:]
        for row in rows {
            guard let user = UserID(try row.text("user_id")) else { continue }
            shards[user] = ShardID(try row.int16("shard"))
        }
        return shards
    }

    /// The most users one call of ``shards(of:)`` takes.
    public static let shardsMax = 5_000

    /// Replaces the password of `user`, whose account exists.
    public func setPasswordHash(_ hash: String, of user: UserID) async throws {
        _ = try await database.query(
            "UPDATE account SET password_hash = $2 WHERE user_id = $1", user.rawValue, hash)
    }

    /// How many shards the cluster has; new rooms and users are placed over them.
    public func shardCount() async throws -> Int {
        let rows = try await database.query("SELECT shard_count FROM cluster_state")
        guard let row = rows.first else { throw StoreError.clusterNotInitialised }
        return Int(try row.int16("shard_count"))
    }
}
