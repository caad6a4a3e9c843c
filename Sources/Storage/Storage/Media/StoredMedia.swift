import Identifiers
import Postgres

/// Where a file came from.
public enum MediaKind: Int16, Sendable {
    /// A user of this server uploaded it, or is about to.
    case uploaded = 0
    /// Taken over from another server.
    case remote = 1
    /// A picture that a link's preview shows.
    case preview = 2
}

/// The bytes of a file: kept once, whatever addresses stand for them.
public struct MediaContent: Sendable, Equatable {
    public let id: Int64
    /// SHA-256.
    public let digest: [UInt8]
    /// Its name in the object store.
    public let objectKey: String
    public let byteCount: Int64
    /// Somebody has forbidden to serve it.
    public let isQuarantined: Bool

    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.int64("content_id")
        digest = try row.bytes("digest")
        objectKey = try row.text("object_key")
        byteCount = try row.int64("byte_count")
        isQuarantined = try row.bool("is_quarantined")
    }

    /// The columns it is made of, of `media_content AS c`.
    static let columns =
        "c.content_id, c.digest, c.object_key, c.byte_count, c.quarantined_by IS NOT NULL AS is_quarantined"
}

/// What an `mxc://` address stands for.
public struct StoredMedia: Sendable, Equatable {
    public let uri: MediaURI
    public let kind: MediaKind
    /// Who uploaded it or is about to; `nil` unless it is of this server's users.
    public let user: UserID?
    /// `nil`: it is not uploaded yet.
    public let content: MediaContent?
    public let contentType: String
    public let fileName: String?
    /// When the address is given up unless the file is uploaded by then; `nil` once it is.
    public let expiresAt: Timestamp?
    /// When somebody last looked at it, to the day.
    public let accessedAt: Timestamp
    /// From before media needed a token.
    public let isOpen: Bool
}

/// What is said of a file when it is uploaded.
public struct MediaDescription: Sendable, Equatable {
    public var contentType: String
    public var fileName: String?

    public init(contentType: String, fileName: String?) {
        self.contentType = contentType
        self.fileName = fileName
    }
}
