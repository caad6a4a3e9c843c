import Identifiers
import MatrixHTTP
import Postgres

// Hashing a password takes tens of milliseconds on purpose; five thousand would take minutes. So accounts of crowds
// have none, and their tokens are put into the database as a login would.

/// Accounts with one device and one access token each, written straight into the database.
public enum Population {
    /// Makes `count` accounts named `prefix` and a number.
    public static func make(
        _ count: Int, named prefix: String, on server: ServerName, in database: PostgresDatabase,
        shardCount: Int = ShardID.countDefault
    ) async throws -> [ChatSession] {
        let sessions = (0..<count).compactMap { number -> ChatSession? in
            guard let user = UserID(localpart: "\(prefix)\(number)", server: server), let device = DeviceID("HARNESS")
            else { return nil }
            return ChatSession(user: user, device: device, token: AccessToken.make(for: user).text)
        }
        precondition(sessions.count == count, "\(prefix) does not begin a local name")
        let users = sessions.map(\.user.rawValue)
        try await database.query(
            """
            INSERT INTO account (user_id, shard, created_at_ms)
            SELECT user_id, shard, 0 FROM unnest($1::text[], $2::smallint[]) AS rows (user_id, shard)
            """, users, sessions.map { ShardID.placement(of: $0.user, count: shardCount).number })
        try await database.query(
            """
            INSERT INTO device (user_id, device_id, created_at_ms) SELECT unnest($1::text[]), 'HARNESS', 0
            """, users)
        try await database.query(
            """
            INSERT INTO access_token (token_hash, user_id, device_id, created_at_ms)
            SELECT hash, user_id, 'HARNESS', 0 FROM unnest($1::bytea[], $2::text[]) AS rows (hash, user_id)
            """, sessions.map { AccessToken($0.token)?.hash ?? [] }, users)
        return sessions
    }
}
