import Identifiers
import Postgres

/// Objects nobody needs any more: found among doubtful content, and deleted.
public struct MediaGarbageStore: Sendable {
    /// The most content that one call looks at.
    public static let lookedMax = 200
    /// The most objects that one call names.
    public static let objectsMax = 50

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) { self.database = database }

    /// Looks at content in doubt: what no file stands for becomes garbage with its thumbnails, the rest is in doubt no
    /// more; how much was looked at.
    public func condemn(at now: Timestamp) async throws -> Int {
        let rows = try await database.query(
            """
            WITH looked AS MATERIALIZED (
                    SELECT c.content_id,
                           EXISTS (SELECT FROM media AS m WHERE m.content_id = c.content_id) AS is_used
                      FROM media_content AS c
                     WHERE c.is_doubtful AND c.claimed_at_ms < $1 AND c.quarantined_by IS NULL
                     ORDER BY c.claimed_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED),
                 kept AS (
                    UPDATE media_content AS c SET is_doubtful = false FROM looked AS l
                     WHERE c.content_id = l.content_id AND l.is_used),
                 thumbnails AS (
                    DELETE FROM media_thumbnail AS t USING looked AS l
                     WHERE t.content_id = l.content_id AND NOT l.is_used RETURNING t.object_key),
                 gone AS (
                    DELETE FROM media_content AS c USING looked AS l
                     WHERE c.content_id = l.content_id AND NOT l.is_used RETURNING c.object_key),
                 thrown AS (
                    INSERT INTO media_garbage (object_key, due_at_ms)
                    SELECT object_key, $3::bigint FROM thumbnails UNION ALL SELECT object_key, $3::bigint FROM gone)
            SELECT count(*) AS looked FROM looked
            """, now.advanced(by: .zero - MediaContentStore.grace).milliseconds, Int64(Self.lookedMax),
            now.milliseconds)
        return Int(try rows.first?.int64("looked") ?? 0)
    }

    /// Objects to delete, at most ``objectsMax``.
    public func due(at now: Timestamp) async throws -> [String] {
        try await database.query(
            "SELECT object_key FROM media_garbage WHERE due_at_ms <= $1 ORDER BY due_at_ms LIMIT $2",
            now.milliseconds, Int64(Self.objectsMax)
        ).map { row throws(PostgresError) in try row.text("object_key") }
    }

    /// These have been deleted.
    public func forget(_ objectKeys: [String]) async throws {
        try await database.query("DELETE FROM media_garbage WHERE object_key = ANY ($1::text[])", objectKeys)
    }
}
