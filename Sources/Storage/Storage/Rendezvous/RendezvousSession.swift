import Identifiers

/// A place where two devices leave messages for each other, one at a time (MSC4108, MSC4388).
public struct RendezvousSession: Sendable, Equatable {
    /// Sessions of one proposal are unknown to the other: one holds bytes, the other text.
    public enum Form: Int16, Sendable {
        /// MSC4108.
        case bytes = 1
        /// MSC4388.
        case text
    }

    public var payload: [UInt8]
    /// Another one with each payload.
    public var revision: String
    public var modifiedAt: Timestamp
    public var expiresAt: Timestamp

    public init(payload: [UInt8], revision: String, modifiedAt: Timestamp, expiresAt: Timestamp) {
        self.payload = payload
        self.revision = revision
        self.modifiedAt = modifiedAt
        self.expiresAt = expiresAt
    }
}
