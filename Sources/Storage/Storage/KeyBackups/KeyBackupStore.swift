import CanonicalJSON
import Identifiers
import Postgres

// Only the newest version of a backup is written to, and its row is locked by whoever does, so that count and etag are
// right whatever comes at once. All keys of a version may be hundreds of thousands: deleting them is to point the version
// at a new, empty store, and the old one is deleted bit by bit later.

/// Users' key backups: the `key_backup` and `key_backup_session` tables.
public struct KeyBackupStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Begins a new version, which is then the current one.
    public func create(for user: UserID, algorithm: String, authData: JSONObject) async throws -> Int64 {
        while true {
            // Of two at once one finds its number taken.
            let rows = try await database.query(
                """
                INSERT INTO key_backup (user_id, version, algorithm, auth_data)
                SELECT $1, coalesce(max(version), 0) + 1, $2, $3 FROM key_backup WHERE user_id = $1
                    ON CONFLICT DO NOTHING RETURNING version
                """, user.rawValue, algorithm, authData.bytes())
            if let row = rows.first { return try row.int64("version") }
        }
    }

    /// A version; the current one when `nil`.
    public func fetch(_ version: Int64?, of user: UserID) async throws -> KeyBackup? {
        let rows = try await database.query(
            """
            SELECT version, algorithm, auth_data, etag, key_count, store_id FROM key_backup
             WHERE user_id = $1 AND NOT is_deleted AND ($2::bigint IS NULL OR version = $2)
             ORDER BY version DESC LIMIT 1
            """, user.rawValue, version)
        return try rows.first.map { row in
            KeyBackup(
                version: try row.int64("version"), algorithm: try row.text("algorithm"),
                authData: try JSONObject.parse(try row.bytes("auth_data")), etag: try row.int64("etag"),
                count: try row.int64("key_count"), store: try row.int64("store_id"))
        }
    }

    /// Replaces what a version says about how its keys are encrypted.
    public func setAuthData(_ authData: JSONObject, of version: Int64, user: UserID) async throws {
        _ = try await database.query(
            "UPDATE key_backup SET auth_data = $3 WHERE user_id = $1 AND version = $2 AND NOT is_deleted",
            user.rawValue, version, authData.bytes())
    }

    /// Deletes a version with its keys; `false` when there never was one of this number.
    public func delete(_ version: Int64, of user: UserID) async throws -> Bool {
        let rows = try await database.query(
            """
            WITH found AS MATERIALIZED (
                SELECT store_id, is_deleted FROM key_backup WHERE user_id = $1 AND version = $2 FOR UPDATE
            ), gone AS (
                UPDATE key_backup SET is_deleted = true, auth_data = '', key_count = 0
                 WHERE user_id = $1 AND version = $2 AND NOT is_deleted RETURNING store_id
            ), abandoned AS (
                INSERT INTO abandoned_key_store SELECT store_id FROM gone
            )
            SELECT FROM found
            """, user.rawValue, version)
        return !rows.isEmpty
    }

    /// Gives up all of a user's backups: the account has ended.
    public func deleteAll(of user: UserID) async throws {
        _ = try await database.query(
            """
            WITH gone AS (
                UPDATE key_backup SET is_deleted = true, auth_data = '', key_count = 0
                 WHERE user_id = $1 AND NOT is_deleted RETURNING store_id)
            INSERT INTO abandoned_key_store SELECT store_id FROM gone
            """, user.rawValue)
    }
}
