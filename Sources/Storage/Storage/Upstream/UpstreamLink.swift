/// Somebody at an identity provider, to be tied to an account.
public struct UpstreamLink: Sendable, Equatable {
    public var issuer: String
    /// The provider's own name of them, which never changes.
    public var subject: String

    public init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }
}
