import CanonicalJSON
import Identifiers

/// A version of a user's key backup.
public struct KeyBackup: Sendable {
    public var version: Int64
    public var algorithm: String
    public var authData: JSONObject
    /// Grows with every change of the keys.
    public var etag: Int64
    public var count: Int64
    /// Where its keys are.
    var store: Int64
}

/// How many keys a backup has, and how often they have changed.
public struct KeyBackupState: Sendable, Equatable {
    public var etag: Int64
    public var count: Int64
}

/// The key of a session in a backup, encrypted.
public struct BackedUpSession: Sendable {
    public var room: RoomID
    public var session: String
    public var firstMessageIndex: Int64
    public var forwardedCount: Int64
    public var isVerified: Bool
    public var data: JSONObject

    public init(
        room: RoomID, session: String, firstMessageIndex: Int64, forwardedCount: Int64, isVerified: Bool,
        data: JSONObject
    ) {
        self.room = room
        self.session = session
        self.firstMessageIndex = firstMessageIndex
        self.forwardedCount = forwardedCount
        self.isVerified = isVerified
        self.data = data
    }
}

/// Which keys of a backup are meant.
public enum BackupScope: Sendable {
    case everything
    case room(RoomID)
    case session(RoomID, String)
}
