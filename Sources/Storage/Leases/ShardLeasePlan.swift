import Identifiers

/// What one room-writer should do about the shards, from what all writers can see: pure, so that it can be permuted.
///
/// The idea: every writer looks at the same rows, works out the same moves for all, and carries out those that are its
/// own. Free shards are claimed by whoever has less than its share; once none is free, surplus is handed by the owner to
/// the writer with the least. A difference of one is left alone, so nothing goes back and forth, and because all count
/// the moves of all, many owners do not drown a newcomer. Claims are compare-and-set on the epoch: two writers with the
/// same thought cannot both succeed.
///
/// A writer that is alive for the database but cannot be reached by those who send commands would keep its rooms silent
/// for as long as it lives. When most client workers say so it is voted out: the others take its shards, fenced as
/// ever, and it wants none for a while.
public struct ShardLeasePlan: Sendable, Equatable {
    /// One shard's lease as read.
    public struct Lease: Sendable, Equatable {
        public var shard: ShardID
        public var owner: WorkerID?
        public var epoch: Epoch
        /// Past its time by the database's clock.
        public var isExpired: Bool
        /// The owner's session holds its advisory lock.
        public var isOwnerConnected: Bool

        public init(shard: ShardID, owner: WorkerID?, epoch: Epoch, isExpired: Bool, isOwnerConnected: Bool) {
            self.shard = shard
            self.owner = owner
            self.epoch = epoch
            self.isExpired = isExpired
            self.isOwnerConnected = isOwnerConnected
        }
    }

    public struct View: Sendable {
        public var leases: [Lease]
        /// Room-writers that are registered ready and connected.
        public var readyWriters: [WorkerID]
        /// PostgreSQL started less than a lease's length ago: previous owners get the time to come back.
        public var isInGrace: Bool
        /// The server is the one the cluster knows; otherwise a new generation has to begin before anything else.
        public var isHistoryKnown: Bool
        /// The writer most client workers cannot reach.
        public var unreachable: WorkerID?
        /// The writer that was voted out lately.
        public var votedOut: WorkerID?

        public init(
            leases: [Lease], readyWriters: [WorkerID], isInGrace: Bool, isHistoryKnown: Bool = true,
            unreachable: WorkerID? = nil, votedOut: WorkerID? = nil
        ) {
            self.leases = leases
            self.readyWriters = readyWriters
            self.isInGrace = isInGrace
            self.isHistoryKnown = isHistoryKnown
            self.unreachable = unreachable
            self.votedOut = votedOut
        }
    }

    /// Claims in one tick; the rest follows in the next.
    public static let claimsMax = 16
    /// Shards given away in one tick: a few at a time, so that only their rooms wait.
    public static let handOversMax = 4

    public struct Claim: Sendable, Equatable {
        public let shard: ShardID
        public let seenEpoch: Epoch
        /// Whose backends have to be ended first; `nil` when it gave the shard up by itself.
        public let predecessor: WorkerID?

        public init(shard: ShardID, seenEpoch: Epoch, predecessor: WorkerID?) {
            self.shard = shard
            self.seenEpoch = seenEpoch
            self.predecessor = predecessor
        }
    }

    public struct HandOver: Sendable, Equatable {
        public let shard: ShardID
        public let successor: WorkerID?

        public init(shard: ShardID, successor: WorkerID?) {
            self.shard = shard
            self.successor = successor
        }
    }

    public private(set) var claims: [Claim] = []
    public private(set) var handOvers: [HandOver] = []
    /// Who should be voted out now.
    public private(set) var voteOut: WorkerID?

    /// - Parameters:
    ///   - owned: the shards `me` serves now.
    ///   - isDraining: `me` wants to be rid of everything.
    public init(of view: View, me: WorkerID, owned: Set<ShardID>, isDraining: Bool) {
        var writers = Set(view.readyWriters)
        let isOut = view.votedOut == me && writers.contains { $0 != me }
        let isDraining = isDraining || isOut
        if isDraining { writers.remove(me) } else { writers.insert(me) }
        if writers.count > 1, let votedOut = view.votedOut { writers.remove(votedOut) }
        if !isDraining, view.votedOut == nil, view.unreachable != me, view.readyWriters.contains(me) {
            voteOut = view.unreachable
        }
        var counts = Dictionary(uniqueKeysWithValues: writers.map { ($0, 0) })
        for lease in view.leases {
            if let owner = lease.owner { counts[owner]? += 1 }
        }
        if isDraining {
            planDraining(view, me, owned, counts)
        } else {
            planClaims(view, me, owned, writers.sorted())
            if !view.isInGrace, !view.leases.contains(where: { isFree($0, view) }) { planBalancing(me, owned, counts) }
        }
    }

    /// Whatever is ours by the table but not served is taken again; of what is free, as much as makes our share.
    ///
    /// Writers start at different places, so that those who come at once do not all want the same shards.
    private mutating func planClaims(_ view: View, _ me: WorkerID, _ owned: Set<ShardID>, _ writers: [WorkerID]) {
        let share = (view.leases.count + writers.count - 1) / writers.count
        let start = min((writers.firstIndex(of: me) ?? 0) * share, view.leases.count)
        var mine = view.leases.count { $0.owner == me }
        for lease in view.leases[start...] + view.leases[..<start] where claims.count < Self.claimsMax {
            if lease.owner == me {
                // Given to us by its former owner, or ours from before we lost sight of it.
                if !owned.contains(lease.shard) {
                    claims.append(Claim(shard: lease.shard, seenEpoch: lease.epoch, predecessor: nil))
                }
            } else if mine < share, isFree(lease, view) {
                claims.append(Claim(shard: lease.shard, seenEpoch: lease.epoch, predecessor: lease.owner))
                mine += 1
            }
        }
    }

    private func isFree(_ lease: Lease, _ view: View) -> Bool {
        guard lease.owner != nil else { return true }
        guard !view.isInGrace else { return false }
        return lease.isExpired || !lease.isOwnerConnected || lease.owner == view.votedOut
    }

    /// Works out all writers' moves, from the one with the most to the one with the least, and keeps the own ones.
    private mutating func planBalancing(_ me: WorkerID, _ owned: Set<ShardID>, _ counts: [WorkerID: Int]) {
        var counts = counts
        var givable = owned.sorted()[...]
        while let most = counts.min(by: { ($1.value, $0.key) < ($0.value, $1.key) }),
            let least = counts.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }), most.value - least.value >= 2
        {
            counts[most.key] = most.value - 1
            counts[least.key] = least.value + 1
            guard most.key == me else { continue }
            guard handOvers.count < Self.handOversMax, let shard = givable.popFirst() else { return }
            handOvers.append(HandOver(shard: shard, successor: least.key))
        }
    }

    /// Gives everything away, to whoever has least; to nobody when there is nobody.
    private mutating func planDraining(
        _ view: View, _ me: WorkerID, _ owned: Set<ShardID>, _ counts: [WorkerID: Int]
    ) {
        var counts = counts
        let mine = owned.union(view.leases.filter { $0.owner == me }.map(\.shard))
        for shard in mine.sorted().prefix(Self.handOversMax) {
            let least = counts.min { ($0.value, $0.key) < ($1.value, $1.key) }
            handOvers.append(HandOver(shard: shard, successor: least?.key))
            if let least { counts[least.key] = least.value + 1 }
        }
    }
}
