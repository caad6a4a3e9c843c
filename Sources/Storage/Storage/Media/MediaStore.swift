import Identifiers
import Postgres

/// What `mxc://` addresses stand for: the `media` table.
public struct MediaStore: Sendable {
    /// How exactly it is known when a file was last looked at.
    public static let accessGranularity = Duration.seconds(86_400)

    let database: PostgresDatabase

    public init(database: PostgresDatabase) { self.database = database }

    /// What an address stands for; `nil` when it is unknown, or was given up.
    public func fetch(_ uri: MediaURI, at now: Timestamp) async throws -> StoredMedia? {
        let rows = try await database.query(
            """
            SELECT m.kind, m.user_id, m.content_type, m.file_name, m.expires_at_ms, m.accessed_at_ms, m.is_open,
                   c.content_id IS NOT NULL AS has_content, \(MediaContent.columns)
              FROM media AS m LEFT JOIN media_content AS c USING (content_id)
             WHERE m.origin = $1 AND m.media_id = $2 AND coalesce(m.expires_at_ms > $3, true)
            """, uri.origin.rawValue, uri.id.rawValue, now.milliseconds)
        guard let row = rows.first else { return nil }
        guard let kind = MediaKind(rawValue: try row.int16("kind")) else { throw StoreError.malformedRow("media") }
        return StoredMedia(
            uri: uri, kind: kind, user: try row.optionalText("user_id").flatMap { UserID($0) },
            content: try row.bool("has_content") ? try MediaContent(row) : nil,
            contentType: try row.byteText("content_type"),
            fileName: try row.optionalByteText("file_name"),
            expiresAt: try row.optionalInt64("expires_at_ms").map { Timestamp(milliseconds: $0) },
            accessedAt: Timestamp(milliseconds: try row.int64("accessed_at_ms")), isOpen: try row.bool("is_open"))
    }

    /// Writes down that somebody looks at a file.
    public func noteUse(of uri: MediaURI, at now: Timestamp) async throws {
        try await database.query(
            "UPDATE media SET accessed_at_ms = $3 WHERE origin = $1 AND media_id = $2 AND accessed_at_ms < $3",
            uri.origin.rawValue, uri.id.rawValue, now.milliseconds)
    }

    /// Keeps a file that nobody here has uploaded: of another server, or a preview's picture.
    ///
    /// One that is there already stays as it is.
    public func insert(
        _ uri: MediaURI, _ kind: MediaKind, _ description: MediaDescription, _ content: MediaContent, at now: Timestamp
    ) async throws {
        precondition(kind != .uploaded, "a user's file counts among theirs")
        try await database.query(
            """
            WITH kept AS (
                INSERT INTO media (origin, media_id, kind, content_id, content_type, file_name, created_at_ms,
                                   accessed_at_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
                ON CONFLICT (origin, media_id) DO NOTHING
                RETURNING kind)
            INSERT INTO media_cache_usage AS u (kind, byte_count, media_count) SELECT kind, $8::bigint, 1 FROM kept
            ON CONFLICT (kind) DO UPDATE SET byte_count = u.byte_count + $8, media_count = u.media_count + 1
            """, uri.origin.rawValue, uri.id.rawValue, kind.rawValue, content.id, Array(description.contentType.utf8),
            description.fileName.map { Array($0.utf8) }, now.milliseconds, content.byteCount)
    }

    /// All files of a user that are there, in bytes.
    public func byteCount(of user: UserID) async throws -> Int64 {
        let rows = try await database.query("SELECT byte_count FROM media_usage WHERE user_id = $1", user.rawValue)
        return try rows.first?.int64("byte_count") ?? 0
    }
}
