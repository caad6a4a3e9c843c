import Identifiers

/// The hashes (SHA-256) of the tokens a session gets; the tokens themselves are never stored.
public struct SessionTokens: Sendable, Equatable {
    public var accessHash: [UInt8]
    /// `nil`: does not expire.
    public var accessExpiresAt: Timestamp?
    public var refreshHash: [UInt8]?

    public init(accessHash: [UInt8], accessExpiresAt: Timestamp?, refreshHash: [UInt8]?) {
        self.accessHash = accessHash
        self.accessExpiresAt = accessExpiresAt
        self.refreshHash = refreshHash
    }
}

/// A device logging in.
public struct SessionStart: Sendable {
    public var user: UserID
    public var device: DeviceID
    /// Given to the device only when it is new.
    public var displayName: String?
    public var tokens: SessionTokens
    public var at: Timestamp
    /// The OAuth client whose device it is.
    public var oauthClient: String?

    public init(
        user: UserID, device: DeviceID, displayName: String?, tokens: SessionTokens, at: Timestamp,
        oauthClient: String? = nil
    ) {
        self.oauthClient = oauthClient
        self.user = user
        self.device = device
        self.displayName = displayName
        self.tokens = tokens
        self.at = at
    }
}

/// What became of an attempt to exchange a refresh token.
public enum RefreshOutcome: Sendable, Equatable {
    case refreshed(user: UserID, device: DeviceID)
    /// Never given out, or given up since.
    case unknown
    /// It was replaced and its replacement has been used: all tokens of its device have ended.
    case reused
    /// Its user is locked.
    case locked
}
