import CanonicalJSON
import Identifiers

/// Which events must relate to one for it to be wanted (spec v1.19, "Filtering").
///
/// `related_by_senders` and `related_by_rel_types`; where both are given, one event must be of both.
public struct RelatedFilter: Sendable, Equatable {
    /// `nil`: anybody.
    public let senders: Set<UserID>?
    /// `nil`: any type of relation.
    public let types: [ByteOrderedText]?

    /// `nil` when neither is given.
    public init?(senders: Set<UserID>?, types: [ByteOrderedText]?) {
        guard senders != nil || types != nil else { return nil }
        self.senders = senders
        self.types = types
    }
}
