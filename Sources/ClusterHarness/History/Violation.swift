/// A promise that a history breaks.
public struct Violation: Sendable, Equatable, CustomStringConvertible {
    /// The invariants, numbered as in the design's reliability catalogue.
    public enum Invariant: String, Sendable, CaseIterable {
        /// Every acknowledged event is stored, and in all entitled streams.
        case acknowledgedIsDelivered = "I1"
        /// No event comes twice in a stream.
        case onceEach = "I2"
        /// One order per room, the same in all streams, parents before children.
        case oneOrder = "I3"
        /// Positions of a shard are contiguous, epochs never go back, an epoch has one owner.
        case logIsSound = "I4"
        /// Every served event is authorised, hashed and signed, and leads to the stored state.
        case eventsAreAuthorised = "I5"
        /// Repeating a transaction answers with the same event.
        case transactionsAreStable = "I6"
        /// After the last fault everything is delivered in time and nothing fails.
        case recovers = "I8"
    }

    public let invariant: Invariant
    public let detail: String

    public init(_ invariant: Invariant, _ detail: String) {
        self.invariant = invariant
        self.detail = detail
    }

    public var description: String { "\(invariant.rawValue): \(detail)" }
}
