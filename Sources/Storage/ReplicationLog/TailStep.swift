import Identifiers

/// Works out what a reading of heads and entries means; pure.
package enum TailStep {
    case moved(TailUpdate)
    /// Heads are behind where they were in the same generation: acknowledged writes are gone, and whatever is written now
    /// would use their positions again. Nothing is taken over before a new generation has begun.
    case wentBack

    package init(_ readings: [HeadReading], after before: Cut) {
        var cut = before
        var entries: [LogEntry] = []
        var unexplained: [ShardID] = []
        var generation = before.generation
        for reading in readings {
            let position = before[reading.shard]
            if reading.head < position, reading.generation <= before.generation {
                self = .wentBack
                return
            }
            generation = max(generation, reading.generation)
            if reading.generation > before.generation {
                // Positions past those that survived were given out again: what the entries follow may be another history.
                unexplained.append(reading.shard)
            } else if Self.explains(reading.entries, from: position, to: reading.head) {
                entries += reading.entries
            } else if reading.head != position {
                unexplained.append(reading.shard)
            }
            cut[reading.shard] = reading.head
        }
        self = .moved(
            TailUpdate(
                cut: Cut(generation: generation, positions: cut.positions), entries: entries, unexplained: unexplained))
    }

    /// Whether the entries are all there are between two positions: contiguous, from the first to the last.
    package static func explains(
        _ entries: some Collection<LogEntry>, from: ShardSequence, to: ShardSequence
    ) -> Bool {
        guard from < to, Int64(entries.count) == to.value - from.value else { return false }
        return zip(entries, 1...).allSatisfy { $0.sequence == from.advanced(by: $1) }
    }
}
