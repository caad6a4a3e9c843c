import Identifiers
import Leases
import Postgres

/// Works out what a reading of heads and rows means; pure.
struct TailStep {
    let update: TailUpdate

    /// - Throws: ``LogFailure`` for an entry this build does not understand.
    init(rows: PostgresRows, before: Cut) throws {
        var cut = before
        var entries: [LogEntry] = []
        var unexplained: [ShardID] = []
        var generation = before.generation
        var index = 0
        while index < rows.count {
            let shard = ShardID(try rows[index].int16("shard"))
            let head = ShardSequence(try rows[index].int64("head"))
            let rowGeneration = try rows[index].int64("generation")
            var found: [LogEntry] = []
            while index < rows.count, ShardID(try rows[index].int16("shard")) == shard {
                if try rows[index].optionalInt64("seq") != nil { found.append(try LogEntry(row: rows[index])) }
                index += 1
            }
            generation = max(generation, rowGeneration)
            if Self.explains(found, from: before[shard], to: head) {
                entries += found
            } else if head != before[shard] {
                unexplained.append(shard)
            }
            cut[shard] = head
        }
        update = TailUpdate(
            cut: Cut(generation: generation, positions: cut.positions), entries: entries, unexplained: unexplained)
    }

    /// Whether the entries are all there are between two positions: contiguous, from the first to the last.
    static func explains(_ entries: [LogEntry], from: ShardSequence, to: ShardSequence) -> Bool {
        guard from < to, Int64(entries.count) == to.value - from.value else { return false }
        return zip(entries, 1...).allSatisfy { $0.sequence == from.advanced(by: $1) }
    }
}
