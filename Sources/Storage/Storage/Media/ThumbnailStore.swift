import Identifiers
import Postgres

/// How a thumbnail was asked for: one of few sizes.
public struct ThumbnailKind: Sendable, Hashable {
    public enum Method: Int16, Sendable {
        case scale = 0
        case crop = 1
    }

    public var width: Int
    public var height: Int
    public var method: Method
    public var isAnimated: Bool

    public init(width: Int, height: Int, method: Method, isAnimated: Bool) {
        self.width = width
        self.height = height
        self.method = method
        self.isAnimated = isAnimated
    }
}

/// A thumbnail that was made.
public struct StoredThumbnail: Sendable, Equatable {
    public var contentType: String
    /// Its name in the object store.
    public var objectKey: String
    public var byteCount: Int64

    public init(contentType: String, objectKey: String, byteCount: Int64) {
        self.contentType = contentType
        self.objectKey = objectKey
        self.byteCount = byteCount
    }
}

/// Small pictures of stored files: the `media_thumbnail` table.
public struct ThumbnailStore: Sendable {
    /// Thumbnails kept of one picture; more are made and not kept.
    public static let keptMax = 48

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) { self.database = database }

    public func fetch(_ kind: ThumbnailKind, of content: MediaContent) async throws -> StoredThumbnail? {
        let rows = try await database.query(
            """
            SELECT content_type, object_key, byte_count FROM media_thumbnail
             WHERE content_id = $1 AND width = $2 AND height = $3 AND method = $4 AND is_animated = $5
            """, content.id, Int32(kind.width), Int32(kind.height), kind.method.rawValue, kind.isAnimated)
        return try rows.first.map {
            StoredThumbnail(
                contentType: try $0.text("content_type"), objectKey: try $0.text("object_key"),
                byteCount: try $0.int64("byte_count"))
        }
    }

    /// Keeps a thumbnail whose object was announced (``MediaContentStore/announce(_:at:)``) and is stored.
    ///
    /// When there is one already, or there are ``keptMax``, or the picture has gone, its object stays garbage.
    public func insert(_ thumbnail: StoredThumbnail, as kind: ThumbnailKind, of content: MediaContent) async throws {
        try await database.query(
            """
            WITH made AS (
                INSERT INTO media_thumbnail
                       (content_id, width, height, method, is_animated, content_type, object_key, byte_count)
                SELECT content_id, $2::integer, $3::integer, $4::smallint, $5::boolean, $6::text, $7::text, $8::bigint
                  FROM media_content
                 WHERE content_id = $1 AND (SELECT count(*) FROM media_thumbnail WHERE content_id = $1) < $9
                   FOR KEY SHARE OF media_content
                ON CONFLICT (content_id, width, height, method, is_animated) DO NOTHING
                RETURNING object_key)
            DELETE FROM media_garbage WHERE object_key IN (SELECT object_key FROM made)
            """, content.id, Int32(kind.width), Int32(kind.height), kind.method.rawValue, kind.isAnimated,
            thumbnail.contentType, thumbnail.objectKey, thumbnail.byteCount, Int64(Self.keptMax))
    }
}
