import Identifiers
import Postgres

// What can be fetched again is a cache, and has a size: files of other servers, and pictures of previews. What it comes to
// is counted beside the files, so that nobody has to add up a million rows to learn that there is room.

extension MediaStore {
    /// What all files that can be fetched again come to, in bytes; the same content under two addresses counts twice.
    public func cachedByteCount() async throws -> Int64 {
        let rows = try await database.query(
            "SELECT coalesce(sum(byte_count), 0)::bigint AS byte_count FROM media_cache_usage")
        return try rows.first?.int64("byte_count") ?? 0
    }

    /// Deletes files that can be fetched again until `byteCount` bytes are free, those first that nobody has looked at for
    /// longest; how many it was, at most ``deletedMax``.
    ///
    /// What is quarantined stays: it may be evidence.
    public func evict(_ byteCount: Int64) async throws -> Int {
        let kinds = [MediaKind.remote, .preview].map { "(\($0.rawValue)::smallint)" }.joined(separator: ", ")
        return try await delete(
            """
            SELECT origin, media_id FROM (
                SELECT origin, media_id,
                       sum(byte_count) OVER (ORDER BY accessed_at_ms, origin, media_id) - byte_count AS freed_before
                  FROM (SELECT o.* FROM (VALUES \(kinds)) AS k (kind) CROSS JOIN LATERAL (
                            SELECT m.origin, m.media_id, m.accessed_at_ms, c.byte_count
                              FROM media AS m JOIN media_content AS c USING (content_id)
                             WHERE m.kind = k.kind AND c.quarantined_by IS NULL
                             ORDER BY m.accessed_at_ms LIMIT $2) AS o
                         ORDER BY o.accessed_at_ms, o.origin, o.media_id LIMIT $2) AS oldest) AS summed
             WHERE freed_before < $1::bigint
            """, byteCount, Int64(Self.deletedMax))
    }
}
