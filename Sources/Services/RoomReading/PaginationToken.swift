import Identifiers

/// A place between two events of a room, as clients get it from `/sync` and `/messages`: `p1_<position>`.
///
/// What is at or before ``position`` lies on one side, what is after it on the other.
public struct PaginationToken: Sendable, Hashable {
    static let prefix = "p1_"
    /// Longer ones are refused unread.
    static let lengthMax = 32

    /// In the order of the room's shard.
    public let position: ShardSequence

    public init(_ position: ShardSequence) { self.position = position }

    public var text: String { "\(Self.prefix)\(position.value)" }

    /// Reads a token of this kind; `nil` for anything else.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.lengthMax, text.utf8.starts(with: Self.prefix.utf8),
            let value = Int64(text.dropFirst(Self.prefix.count)), value >= 0
        else { return nil }
        position = ShardSequence(value)
    }

    /// Reads what `/messages` and its like take: a token of this kind, or the `next_batch` or
    /// `pos` of one of the user's syncs.
    ///
    /// - Parameter shard: the room's.
    public init?(_ text: String, in shard: ShardID, for user: UserID) {
        if let token = PaginationToken(text) {
            self = token
        } else if let token = SyncToken(text), token.isBound(to: user) {
            position = token.cut[shard]
        } else if let token = SlidingToken(text), token.isBound(to: user) {
            position = token.cut[shard]
        } else {
            return nil
        }
    }
}
