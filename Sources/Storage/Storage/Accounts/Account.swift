import Identifiers

/// A user of this server.
public struct Account: Sendable, Equatable {
    public let user: UserID
    /// Where the user's ordered streams (to-device messages, account data) live.
    public let shard: ShardID
    /// `nil`: the user cannot log in with a password.
    public let passwordHash: String?
    public let isAdmin: Bool
    public let deactivatedAt: Timestamp?

    public var isDeactivated: Bool { deactivatedAt != nil }

    public init(user: UserID, shard: ShardID, passwordHash: String?, isAdmin: Bool, deactivatedAt: Timestamp?) {
        self.user = user
        self.shard = shard
        self.passwordHash = passwordHash
        self.isAdmin = isAdmin
        self.deactivatedAt = deactivatedAt
    }
}
