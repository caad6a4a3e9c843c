import Identifiers

/// A user of this server.
public struct Account: Sendable, Equatable {
    public let user: UserID
    /// Where the user's ordered streams (to-device messages, account data) live.
    public let shard: ShardID
    /// `nil`: the user cannot log in with a password.
    public let passwordHash: String?
    public let isAdmin: Bool
    public let isGuest: Bool
    public let deactivatedAt: Timestamp?
    /// May read and leave, not write.
    public let suspendedAt: Timestamp?
    /// May only log out.
    public let lockedAt: Timestamp?

    public var isDeactivated: Bool { deactivatedAt != nil }
    public var isSuspended: Bool { suspendedAt != nil }
    public var isLocked: Bool { lockedAt != nil }
}
