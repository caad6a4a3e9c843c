import Identifiers
import Postgres

// Three steps bring bytes into the store, and a crash between any two leaves nothing that is not found again:
//  1. the object's name is written among the garbage, due in an hour;
//  2. the object is stored;
//  3. one statement takes the name out of the garbage and makes the content of it.
// New content is in doubt at first, so that it goes if no file comes to stand for it. When another worker has stored the
// same bytes in between, its object is taken and ours stays garbage.

/// Stored files by their content: the `media_content` table.
public struct MediaContentStore: Sendable {
    /// How long after content was last claimed nobody takes it away, and how long an object may be on its way.
    public static let grace = Duration.seconds(3_600)

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) { self.database = database }

    /// The content with a digest, when it is stored; it stays for ``grace`` even if nothing refers to it.
    public func claim(_ digest: [UInt8], at now: Timestamp) async throws -> MediaContent? {
        let rows = try await database.query(
            """
            UPDATE media_content AS c SET claimed_at_ms = $2, is_doubtful = true WHERE digest = $1
            RETURNING \(MediaContent.columns)
            """, digest, now.milliseconds)
        return try rows.first.map { try MediaContent($0) }
    }

    /// Writes down that an object is about to be stored.
    public func announce(_ objectKey: String, at now: Timestamp) async throws {
        try await database.query(
            "INSERT INTO media_garbage (object_key, due_at_ms) VALUES ($1, $2)", objectKey,
            now.advanced(by: Self.grace).milliseconds)
    }

    /// Makes content of an object that has been announced and is stored now.
    ///
    /// - Returns: another worker's object when that was quicker.
    public func adopt(
        _ objectKey: String, digest: [UInt8], byteCount: Int64, at now: Timestamp
    ) async throws -> MediaContent {
        let rows = try await database.query(
            """
            WITH content AS (
                    INSERT INTO media_content AS c (digest, object_key, byte_count, claimed_at_ms)
                    VALUES ($1, $2, $3, $4)
                    ON CONFLICT (digest) DO UPDATE SET claimed_at_ms = excluded.claimed_at_ms, is_doubtful = true
                    RETURNING \(MediaContent.columns)),
                 kept AS (DELETE FROM media_garbage WHERE object_key IN (SELECT object_key FROM content))
            SELECT * FROM content
            """, digest, objectKey, byteCount, now.milliseconds)
        guard let row = rows.first else { throw StoreError.malformedRow("media_content") }
        return try MediaContent(row)
    }
}
