import Identifiers
import ReplicationLog

// A cut in a token: its generation, the number of shards, the smallest position, and each shard's distance from it.

extension Cut {
    func append(to bytes: inout TokenBytes) {
        bytes.append(UInt64(bitPattern: generation))
        let smallest = positions.min() ?? .zero
        bytes.append(UInt64(positions.count))
        bytes.append(UInt64(bitPattern: smallest.value))
        for position in positions { bytes.append(UInt64(position.value - smallest.value)) }
    }

    init?(_ input: inout TokenBytes) {
        guard let generation = input.takePosition(), let count = input.takePosition(),
            (0...Int64(SyncToken.shardsMax)).contains(count), let smallest = input.takePosition()
        else { return nil }
        var positions: [ShardSequence] = []
        for _ in 0..<count {
            guard let distance = input.takePosition() else { return nil }
            let (sum, isTooLarge) = smallest.addingReportingOverflow(distance)
            guard !isTooLarge else { return nil }
            positions.append(ShardSequence(sum))
        }
        self.init(generation: generation, positions: positions)
    }
}
