import Identifiers
import Postgres

/// Deletes backed-up keys that nobody can ask for any more, some at a time.
public struct AbandonedKeys: Sendable {
    /// The most keys one call deletes.
    public static let keysMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Deletes up to ``keysMax`` keys of one store, and the note of the store once it is empty; how many it was.
    public func delete() async throws -> Int {
        let rows = try await database.query("SELECT store_id FROM abandoned_key_store ORDER BY store_id LIMIT 1")
        guard let store = try rows.first?.int64("store_id") else { return 0 }
        let deleted = try await database.query(
            """
            DELETE FROM key_backup_session WHERE store_id = $1 AND (room_id, session_id) IN (
                SELECT room_id, session_id FROM key_backup_session WHERE store_id = $1 LIMIT $2)
            """, store, Int64(Self.keysMax)
        ).affectedRows
        guard deleted < Self.keysMax else { return deleted }
        try await database.query("DELETE FROM abandoned_key_store WHERE store_id = $1", store)
        // There may be another store.
        return max(deleted, 1)
    }
}
