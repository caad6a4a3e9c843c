import Identifiers

/// Says where a shard's owner listens; `ShardDirectory` of the leases does it.
public protocol ShardRouting: Sendable {
    /// The owner's internal address, `host:port`; `nil` while nobody owns the shard.
    func ownerAddress(of shard: ShardID) async -> String?
    /// What was answered last was wrong: look again.
    func invalidate(_ shard: ShardID) async
}
