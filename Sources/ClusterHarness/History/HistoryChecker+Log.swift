import Identifiers

extension HistoryChecker {
    /// I4.
    func checkLog() -> [Violation] {
        let byShard = Dictionary(grouping: stored.log, by: \.shard)
        return byShard.keys.sorted().flatMap { checkShard($0, byShard[$0] ?? []) } + checkOwners()
    }

    private func checkShard(_ shard: ShardID, _ entries: [StoredCluster.LogRow]) -> [Violation] {
        var violations: [Violation] = []
        let ordered = entries.sorted { $0.sequence < $1.sequence }
        for (before, after) in zip(ordered, ordered.dropFirst()) {
            if after.sequence == before.sequence {
                violations.append(Violation(.logIsSound, "shard \(shard) has position \(after.sequence) twice"))
            } else if after.sequence != before.sequence.advanced(by: 1) {
                violations.append(
                    Violation(.logIsSound, "shard \(shard) has nothing from \(before.sequence) to \(after.sequence)"))
            }
            if after.epoch < before.epoch {
                violations.append(
                    Violation(
                        .logIsSound,
                        "shard \(shard) went back from epoch \(before.epoch) to \(after.epoch) at \(after.sequence)"))
            }
        }
        if let head = stored.heads[shard], let last = ordered.last {
            if head.sequence != last.sequence {
                violations.append(
                    Violation(.logIsSound, "shard \(shard) ends at \(last.sequence), its head says \(head.sequence)"))
            }
            if head.epoch < last.epoch {
                violations.append(Violation(.logIsSound, "shard \(shard)'s head is of an epoch before its last entry"))
            }
        }
        return violations
    }

    private func checkOwners() -> [Violation] {
        struct Reign: Hashable {
            let shard: ShardID
            let epoch: Int64
        }
        let owners = Dictionary(grouping: record.sightings) { Reign(shard: $0.shard, epoch: $0.epoch) }
        return owners.filter { $0.value.count > 1 }.map { reign, sightings in
            let names = sightings.map(\.owner).sorted().joined(separator: ", ")
            return Violation(.logIsSound, "shard \(reign.shard) has several owners in epoch \(reign.epoch): \(names)")
        }
    }
}
