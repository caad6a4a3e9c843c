import Identifiers

/// Who serves the shards: told what it owns, and what it does not any more.
///
/// Calls about one shard come one after another, each after the one before has returned; those about different shards may
/// overlap.
public protocol ShardOwning: Sendable {
    /// The shard is this worker's from `owned.head` on.
    func acquired(_ owned: OwnedShard) async
    /// Stop taking commands, let the commit in flight end, answer the rest "moved" to `successor`; then return.
    func freeze(_ shard: ShardID, successor: WorkerID?) async
    /// The shard is somebody else's already; commits in flight are fenced.
    func lost(_ shard: ShardID) async
}
