import Identifiers
import Postgres

/// One shard's head, and what the log has between the reader's position and it, all from one snapshot.
package struct HeadReading: Sendable {
    package let shard: ShardID
    package let head: ShardSequence
    package let generation: Int64
    /// In order; none when there are too many or the log does not reach back.
    package let entries: [LogEntry]

    package init(shard: ShardID, head: ShardSequence, generation: Int64, entries: [LogEntry]) {
        self.shard = shard
        self.head = head
        self.generation = generation
        self.entries = entries
    }

    /// All heads that are not where `cut` has them, in one statement and so in one snapshot.
    ///
    /// - Parameter entriesMax: a shard that is further ahead comes without entries.
    /// - Throws: ``LogFailure`` for an entry this build does not understand.
    static func read(
        since cut: Cut, entriesMax: Int, from database: any PostgresQuerying
    ) async throws -> [HeadReading] {
        let rows = try await database.query(
            """
            SELECT h.shard, h.seq AS head, h.generation, l.seq, l.epoch, l.kind, l.format, l.key
              FROM head AS h JOIN unnest($1::bigint[]) WITH ORDINALITY AS p (seq, n) ON h.shard = p.n - 1
              LEFT JOIN LATERAL (
                   SELECT seq, epoch, kind, format, key FROM log
                    WHERE log.shard = h.shard AND log.seq > p.seq AND log.seq <= h.seq
                    ORDER BY log.seq LIMIT $3) AS l ON h.seq - p.seq <= $3
             WHERE h.seq <> p.seq OR h.generation <> $2
             ORDER BY h.shard, l.seq
            """, cut.positions.map(\.value), cut.generation, Int64(entriesMax))
        var readings: [HeadReading] = []
        var index = 0
        while index < rows.count {
            let first = rows[index]
            let shard = ShardID(try first.int16("shard"))
            var entries: [LogEntry] = []
            while index < rows.count, try rows[index].int16("shard") == shard.number {
                if try rows[index].optionalInt64("seq") != nil { entries.append(try LogEntry(row: rows[index])) }
                index += 1
            }
            readings.append(
                HeadReading(
                    shard: shard, head: ShardSequence(try first.int64("head")),
                    generation: try first.int64("generation"), entries: entries))
        }
        return readings
    }
}
