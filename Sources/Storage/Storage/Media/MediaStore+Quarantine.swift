import Identifiers
import Postgres

// What is forbidden is the content, not an address: uploading the same again, or fetching it from another server, does not
// bring it back.

extension MediaStore {
    /// Forbids the content of a file; `false` when it is not there.
    public func quarantine(_ uri: MediaURI, by user: UserID) async throws -> Bool {
        try await database.query(
            """
            UPDATE media_content AS c SET quarantined_by = $3 FROM media AS m
             WHERE m.origin = $1 AND m.media_id = $2 AND c.content_id = m.content_id
            """, uri.origin.rawValue, uri.id.rawValue, user.rawValue
        ).affectedRows > 0
    }

    /// Forbids what a user has uploaded, at most ``deletedMax`` files a call; how many it was.
    public func quarantineSome(of uploader: UserID, by user: UserID) async throws -> Int {
        try await database.query(
            """
            UPDATE media_content SET quarantined_by = $2 WHERE content_id IN (
                SELECT c.content_id FROM media AS m JOIN media_content AS c USING (content_id)
                 WHERE m.user_id = $1 AND c.quarantined_by IS NULL LIMIT $3)
            """, uploader.rawValue, user.rawValue, Int64(Self.deletedMax)
        ).affectedRows
    }

    /// Allows the content of a file again; `false` when it is not there or not forbidden.
    public func release(_ uri: MediaURI) async throws -> Bool {
        try await database.query(
            """
            UPDATE media_content AS c SET quarantined_by = NULL FROM media AS m
             WHERE m.origin = $1 AND m.media_id = $2 AND c.content_id = m.content_id AND c.quarantined_by IS NOT NULL
            """, uri.origin.rawValue, uri.id.rawValue
        ).affectedRows > 0
    }
}
