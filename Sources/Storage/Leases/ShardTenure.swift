import Identifiers

/// Which shards a writer serves by its own knowledge, and which it is about to be rid of; pure.
///
/// Two failures it prevents. A shard that is lost and taken again while its loss is still being told would have its loss
/// heard last, and then be served by nobody. And the answer to a renewal that was sent before a shard was taken does not
/// name it, which is no loss.
package struct ShardTenure<Instant: InstantProtocol> where Instant.Duration == Duration {
    private struct Held {
        /// When the claim's answer was here: later renewals must name the shard.
        let takenAt: Instant
        /// The start of the statement that prolonged the lease last.
        var believedSince: Instant
        /// Whoever is to serve the shard is still being told; its end has to wait for that.
        var isBeingTold = true
    }

    /// Without a renewal for this long a lease is taken for lost, before the database does.
    package let believeMax: Duration
    private var held: [ShardID: Held] = [:]
    private var ending: Set<ShardID> = []

    package init(believeMax: Duration) { self.believeMax = believeMax }

    /// The shards that are served.
    package var owned: Set<ShardID> { Set(held.keys) }

    /// Whether nothing is served and nothing on its way out.
    package var isEmpty: Bool { held.isEmpty && ending.isEmpty }

    /// Whether the shard may be claimed: one whose end is still being told may not.
    package func mayClaim(_ shard: ShardID) -> Bool { held[shard] == nil && !ending.contains(shard) }

    /// The shard was claimed by a statement begun at `began`, whose answer is here `now`; to be told, then ``told(_:)``.
    package mutating func took(_ shard: ShardID, began: Instant, now: Instant) {
        precondition(mayClaim(shard), "a shard is taken once at a time")
        held[shard] = Held(takenAt: now, believedSince: began)
    }

    /// A renewal sent at `sent` found these shards to be ours.
    ///
    /// - Returns: the shards that turned out to be lost; each is to be told, then ``ended(_:)``.
    package mutating func renewed(_ found: Set<ShardID>, sent: Instant) -> [ShardID] {
        var lost: [ShardID] = []
        for (shard, tenure) in held {
            if found.contains(shard) {
                held[shard]?.believedSince = max(tenure.believedSince, sent)
            } else if tenure.takenAt <= sent {
                lost.append(shard)
            }
        }
        return end(lost)
    }

    /// The shards whose lease was not prolonged for too long; each is to be told, then ``ended(_:)``.
    package mutating func noLongerBelieved(at now: Instant) -> [ShardID] {
        end(held.filter { $0.value.believedSince.duration(to: now) > believeMax }.map(\.key))
    }

    /// Begins to give a shard away.
    ///
    /// - Returns: `false` when it is not ours any more.
    package mutating func giveUp(_ shard: ShardID) -> Bool { !end([shard]).isEmpty }

    /// Whoever is to serve the shard has heard so.
    package mutating func told(_ shard: ShardID) { held[shard]?.isBeingTold = false }

    /// Whoever served the shard has heard its end.
    package mutating func ended(_ shard: ShardID) { ending.remove(shard) }

    private mutating func end(_ shards: [ShardID]) -> [ShardID] {
        let ready = shards.filter { held[$0].map { !$0.isBeingTold } ?? false }
        for shard in ready {
            held[shard] = nil
            ending.insert(shard)
        }
        return ready.sorted()
    }
}
