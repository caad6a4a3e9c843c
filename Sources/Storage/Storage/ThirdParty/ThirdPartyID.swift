import Identifiers

/// An address by which a user is known besides their ID.
public struct ThirdPartyID: Sendable, Equatable {
    public let medium: String
    public let address: String
    public let validatedAt: Timestamp
    public let addedAt: Timestamp
}
