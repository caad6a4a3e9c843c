import Identifiers

/// What an authorization code stands for.
public struct OAuthCode: Sendable, Equatable {
    public var client: String
    public var user: UserID
    public var device: DeviceID
    public var redirectURI: String
    /// Of PKCE, by S256.
    public var challenge: String
    public var scope: String

    public init(
        client: String, user: UserID, device: DeviceID, redirectURI: String, challenge: String, scope: String
    ) {
        self.client = client
        self.user = user
        self.device = device
        self.redirectURI = redirectURI
        self.challenge = challenge
        self.scope = scope
    }
}

/// What became of a code that was brought.
public enum OAuthCodeOutcome: Sendable, Equatable {
    case taken(OAuthCode)
    /// It had been used: whoever holds what it gave may not be who should.
    case reused(OAuthCode)
    case unknown
}
