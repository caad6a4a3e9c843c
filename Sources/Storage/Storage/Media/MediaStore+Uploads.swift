import Identifiers
import Postgres

/// What became of an upload.
public enum UploadOutcome: Sendable, Equatable {
    case stored
    /// It would be more than the user may have.
    case overQuota
    /// The address has been given up, or taken, meanwhile.
    case gone
}

extension MediaStore {
    /// Makes an address for a file that its user is about to upload.
    ///
    /// - Returns: `false` when as many of the user's wait for their files as may.
    public func reserve(
        _ uri: MediaURI, for user: UserID, pendingMax: Int, at now: Timestamp, expiresAt: Timestamp
    ) async throws -> Bool {
        try await database.transaction { transaction in
            // Locks the user's row: of many at once none is counted too few.
            try await transaction.query(
                """
                INSERT INTO media_usage (user_id) VALUES ($1)
                ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
                """, user.rawValue)
            let made = try await transaction.query(
                """
                INSERT INTO media (origin, media_id, kind, user_id, content_type, created_at_ms, expires_at_ms,
                                   accessed_at_ms)
                SELECT $1::text, $2::text, 0::smallint, $3::text, ''::bytea, $4::bigint, $5::bigint, $4::bigint
                 WHERE (SELECT count(*) FROM media
                         WHERE user_id = $3 AND content_id IS NULL AND expires_at_ms > $4) < $6
                """, uri.origin.rawValue, uri.id.rawValue, user.rawValue, now.milliseconds, expiresAt.milliseconds,
                Int64(pendingMax))
            return made.affectedRows > 0
        }
    }

    /// Keeps an uploaded file under a new address.
    ///
    /// - Parameter userBytesMax: all of the user's files; `nil`: no bound.
    public func insert(
        _ uri: MediaURI, of user: UserID, _ description: MediaDescription, _ content: MediaContent,
        userBytesMax: Int64?, at now: Timestamp
    ) async throws -> UploadOutcome {
        let rows = try await database.query(
            """
            WITH used AS (\(Self.addUsage("SELECT 1")))
            INSERT INTO media (origin, media_id, kind, user_id, content_id, content_type, file_name, created_at_ms,
                               accessed_at_ms)
            SELECT $4::text, $5::text, 0::smallint, user_id, $6::bigint, $7::bytea, $8::bytea, $9::bigint, $9::bigint
              FROM used
            """, user.rawValue, content.byteCount, userBytesMax ?? Int64.max, uri.origin.rawValue, uri.id.rawValue,
            content.id, Array(description.contentType.utf8), description.fileName.map { Array($0.utf8) },
            now.milliseconds)
        return rows.affectedRows > 0 ? .stored : .overQuota
    }

    /// Keeps an uploaded file under the address that was made for it.
    public func complete(
        _ uri: MediaURI, of user: UserID, _ description: MediaDescription, _ content: MediaContent,
        userBytesMax: Int64?, at now: Timestamp
    ) async throws -> UploadOutcome {
        let pending = """
            SELECT FROM media WHERE origin = $4 AND media_id = $5 AND user_id = $1 AND content_id IS NULL
               AND expires_at_ms > $9 FOR UPDATE
            """
        let rows = try await database.query(
            """
            WITH pending AS MATERIALIZED (\(pending)),
                 used AS (\(Self.addUsage("SELECT FROM pending"))),
                 done AS (
                    UPDATE media SET content_id = $6, content_type = $7, file_name = $8, expires_at_ms = NULL,
                                     accessed_at_ms = $9
                      FROM used WHERE origin = $4 AND media_id = $5
                    RETURNING media_id)
            SELECT EXISTS (SELECT FROM pending) AS is_pending, EXISTS (SELECT FROM done) AS is_done
            """, user.rawValue, content.byteCount, userBytesMax ?? Int64.max, uri.origin.rawValue, uri.id.rawValue,
            content.id, Array(description.contentType.utf8), description.fileName.map { Array($0.utf8) },
            now.milliseconds)
        guard let row = rows.first, try row.bool("is_pending") else { return .gone }
        return try row.bool("is_done") ? .stored : .overQuota
    }

    /// Counts a file of `$2` bytes among those of user `$1`, who may have `$3`; no row when that is too many.
    ///
    /// - Parameter condition: a query; without rows nothing is counted.
    private static func addUsage(_ condition: String) -> String {
        """
        INSERT INTO media_usage AS u (user_id, byte_count, media_count)
        SELECT $1::text, $2::bigint, 1 WHERE $2::bigint <= $3::bigint AND EXISTS (\(condition))
        ON CONFLICT (user_id) DO UPDATE SET byte_count = u.byte_count + $2, media_count = u.media_count + 1
         WHERE u.byte_count + $2 <= $3
        RETURNING user_id
        """
    }
}
