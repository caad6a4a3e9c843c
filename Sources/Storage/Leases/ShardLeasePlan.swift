import Identifiers

/// What one room-writer should do about the shards, from what all writers can see: pure, so that it can be permuted.
///
/// The idea: every writer looks at the same rows and acts only on what is its own. Free shards are claimed by whoever has
/// less than its share; surplus is handed by the owner to the writer with the least. A difference of one is left alone,
/// so nothing goes back and forth. Claims are compare-and-set on the epoch: two writers with the same thought cannot both
/// succeed.
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

        public init(leases: [Lease], readyWriters: [WorkerID], isInGrace: Bool) {
            self.leases = leases
            self.readyWriters = readyWriters
            self.isInGrace = isInGrace
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
    }

    public struct HandOver: Sendable, Equatable {
        public let shard: ShardID
        public let successor: WorkerID?
    }

    public private(set) var claims: [Claim] = []
    public private(set) var handOvers: [HandOver] = []

    /// - Parameters:
    ///   - owned: the shards `me` serves now.
    ///   - isDraining: `me` wants to be rid of everything.
    public init(of view: View, me: WorkerID, owned: Set<ShardID>, isDraining: Bool) {
        var counts = Dictionary(uniqueKeysWithValues: Set(view.readyWriters).map { ($0, 0) })
        for lease in view.leases {
            if let owner = lease.owner, counts[owner] != nil { counts[owner, default: 0] += 1 }
        }
        if !isDraining { planClaims(view, me, owned, counts) }
        planHandOvers(view, me, owned, counts, isDraining)
    }

    private mutating func planClaims(_ view: View, _ me: WorkerID, _ owned: Set<ShardID>, _ counts: [WorkerID: Int]) {
        let writers = max(1, Set(view.readyWriters).union([me]).count)
        let share = (view.leases.count + writers - 1) / writers
        var mine = view.leases.count { $0.owner == me }
        for lease in view.leases where claims.count < Self.claimsMax {
            if lease.owner == me {
                // Given to us by its former owner, or ours from before we lost sight of it.
                if !owned.contains(lease.shard) {
                    claims.append(Claim(shard: lease.shard, seenEpoch: lease.epoch, predecessor: nil))
                }
            } else if isFree(lease, view), mine < share {
                claims.append(Claim(shard: lease.shard, seenEpoch: lease.epoch, predecessor: lease.owner))
                mine += 1
            }
        }
    }

    private func isFree(_ lease: Lease, _ view: View) -> Bool {
        guard lease.owner != nil else { return true }
        guard !view.isInGrace else { return false }
        return lease.isExpired || !lease.isOwnerConnected
    }

    private mutating func planHandOvers(
        _ view: View, _ me: WorkerID, _ owned: Set<ShardID>, _ counts: [WorkerID: Int], _ isDraining: Bool
    ) {
        var counts = counts
        counts[me] = isDraining ? nil : owned.count
        var mine = owned.count
        for shard in owned.sorted() where handOvers.count < Self.handOversMax {
            let least = counts.filter { $0.key != me }.min { ($0.value, $0.key) < ($1.value, $1.key) }
            guard let least else {
                if isDraining { handOvers.append(HandOver(shard: shard, successor: nil)) }
                continue
            }
            guard isDraining || mine - least.value >= 2 else { return }
            handOvers.append(HandOver(shard: shard, successor: least.key))
            counts[least.key, default: 0] += 1
            mine -= 1
        }
    }
}
