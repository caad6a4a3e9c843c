import Identifiers
import Postgres

// A file that goes leaves its content in doubt: other addresses may stand for the same. Whether none does is looked at
// later, by ``MediaGarbageStore``, which alone takes content away.

extension MediaStore {
    /// The most files that one call deletes.
    public static let deletedMax = 500

    /// Deletes a file; `false` when it is not there.
    public func delete(_ uri: MediaURI) async throws -> Bool {
        try await delete(
            "SELECT origin, media_id FROM media WHERE origin = $1 AND media_id = $2", uri.origin.rawValue,
            uri.id.rawValue) > 0
    }

    /// Deletes files of a user, the oldest first, at most ``deletedMax``; how many it was.
    public func deleteSome(of user: UserID) async throws -> Int {
        try await delete(
            """
            SELECT origin, media_id FROM media WHERE user_id = $1 ORDER BY created_at_ms LIMIT $2
            """, user.rawValue, Int64(Self.deletedMax))
    }

    /// Gives up addresses whose files have not come in time; how many it was.
    public func deleteExpired(at now: Timestamp) async throws -> Int {
        try await delete(
            """
            SELECT origin, media_id FROM media WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2
            """, now.milliseconds, Int64(Self.deletedMax))
    }

    /// Deletes files of a kind that nobody has looked at since `moment`; how many it was.
    ///
    /// What is quarantined stays: it may be evidence.
    public func deleteUnused(_ kind: MediaKind, since moment: Timestamp) async throws -> Int {
        try await delete(
            """
            SELECT m.origin, m.media_id FROM media AS m JOIN media_content AS c USING (content_id)
             WHERE m.kind = $1 AND m.accessed_at_ms < $2 AND c.quarantined_by IS NULL
             ORDER BY m.accessed_at_ms LIMIT $3
            """, kind.rawValue, moment.milliseconds, Int64(Self.deletedMax))
    }

    /// - Parameter which: a query for the origins and IDs of the files.
    func delete(_ which: String, _ parameters: any PostgresParameter...) async throws -> Int {
        let rows = try await database.query(
            PostgresStatement(
                """
                WITH gone AS (
                        DELETE FROM media WHERE (origin, media_id) IN (\(which))
                        RETURNING kind, user_id, content_id),
                     doubted AS (
                        UPDATE media_content AS c SET is_doubtful = true FROM gone AS g
                         WHERE c.content_id = g.content_id),
                     freed AS (
                        SELECT g.user_id, sum(c.byte_count)::bigint AS byte_count, count(*) AS media_count
                          FROM gone AS g JOIN media_content AS c USING (content_id)
                         WHERE g.user_id IS NOT NULL GROUP BY g.user_id),
                     counted AS (
                        UPDATE media_usage AS u SET byte_count = u.byte_count - f.byte_count,
                                                    media_count = u.media_count - f.media_count
                          FROM freed AS f WHERE u.user_id = f.user_id),
                     emptied AS (
                        SELECT g.kind, sum(c.byte_count)::bigint AS byte_count, count(*) AS media_count
                          FROM gone AS g JOIN media_content AS c USING (content_id)
                         WHERE g.user_id IS NULL GROUP BY g.kind),
                     uncached AS (
                        UPDATE media_cache_usage AS u SET byte_count = u.byte_count - e.byte_count,
                                                          media_count = u.media_count - e.media_count
                          FROM emptied AS e WHERE u.kind = e.kind)
                SELECT count(*) AS deleted FROM gone
                """, parameters))
        return Int(try rows.first?.int64("deleted") ?? 0)
    }
}
