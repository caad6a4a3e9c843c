import Identifiers

/// Why somebody's email address is validated; what was shown for one counts for no other.
public enum EmailPurpose: String, Sendable, CaseIterable {
    case register, add, password
}

/// A mail to be sent, or sent.
public struct EmailAttempt: Sendable {
    /// Given to the client when the validation is new.
    public var session: String
    public var purpose: EmailPurpose
    public var address: String
    public var clientSecret: String
    /// A client that wants another mail counts it up.
    public var sendAttempt: Int64
    public var tokenHash: [UInt8]
    public var nextLink: String?
    public var at: Timestamp
    public var expiresAt: Timestamp

    public init(
        session: String, purpose: EmailPurpose, address: String, clientSecret: String, sendAttempt: Int64,
        tokenHash: [UInt8], nextLink: String?, at: Timestamp, expiresAt: Timestamp
    ) {
        self.session = session
        self.purpose = purpose
        self.address = address
        self.clientSecret = clientSecret
        self.sendAttempt = sendAttempt
        self.tokenHash = tokenHash
        self.nextLink = nextLink
        self.at = at
        self.expiresAt = expiresAt
    }
}

/// An address that was shown to be somebody's.
public struct ValidatedEmail: Sendable, Equatable {
    public let address: String
    public let validatedAt: Timestamp
}

/// What became of a token that came back.
public enum EmailValidationOutcome: Sendable, Equatable {
    /// The address is theirs; the page may point on to `nextLink`.
    case validated(nextLink: String?)
    /// There is no such validation, or it has expired.
    case unknown
}
