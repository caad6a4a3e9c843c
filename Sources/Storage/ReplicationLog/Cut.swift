import Identifiers

/// A position in every shard at once: all that was committed up to here, and nothing after.
///
/// Cuts come from one statement that reads all heads, so what was acknowledged before anything in a cut is in it too.
/// Wake-ups never carry positions; a cut is the only thing an answer may be built at.
public struct Cut: Sendable, Hashable {
    /// Counts the times the log's tail was lost by a fail-over.
    public let generation: Int64
    /// By shard number.
    public private(set) var positions: [ShardSequence]

    public init(generation: Int64, positions: [ShardSequence]) {
        self.generation = generation
        self.positions = positions
    }

    public subscript(shard: ShardID) -> ShardSequence {
        get { Int(shard.number) < positions.count ? positions[Int(shard.number)] : .zero }
        set {
            precondition(Int(shard.number) < positions.count, "the cut has no such shard")
            positions[Int(shard.number)] = newValue
        }
    }

    public var shards: [ShardID] { positions.indices.map { ShardID(Int16($0)) } }

    /// Whether everything in `other`, as far as it still exists, is in this cut.
    ///
    /// A later generation began with all that survived of an earlier one, whatever their positions: a server that is
    /// restored twice from one backup begins twice at the same heads.
    public func isAtLeast(_ other: Cut) -> Bool {
        guard generation == other.generation else { return generation > other.generation }
        return other.shards.allSatisfy { self[$0] >= other[$0] }
    }

    /// The smaller position of each shard: what is certainly in both.
    public func clamped(to limit: Cut) -> Cut {
        Cut(generation: limit.generation, positions: limit.shards.map { min(self[$0], limit[$0]) })
    }
}
