import Identifiers
import Postgres

/// The log as it is stored, for those who ask further back than a tail remembers.
public struct LogTable: Sendable {
    /// Entries of one shard that are worth reading; beyond, the base tables answer faster.
    public static let entriesPerShardMax = 2_000

    private let database: any PostgresQuerying

    public init(database: any PostgresQuerying) { self.database = database }

    /// The entries of `shards` between two cuts; shards whose entries are gone or too many are `missing`.
    public func changes(of shards: [ShardID], after from: Cut, upTo to: Cut) async throws -> LogChanges {
        let moved = shards.filter { from[$0] < to[$0] }
        let near = moved.filter { to[$0].value - from[$0].value <= Int64(Self.entriesPerShardMax) }
        var missing = moved.filter { to[$0].value - from[$0].value > Int64(Self.entriesPerShardMax) }
        guard !near.isEmpty else { return LogChanges(entries: [], missing: missing) }
        // LATERAL, so that each shard's range is looked up in the index whatever the planner thinks of the whole.
        let rows = try await database.query(
            """
            SELECT l.shard, l.seq, l.epoch, l.kind, l.format, l.key
              FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS r (shard, after, up_to)
             CROSS JOIN LATERAL (
                   SELECT shard, seq, epoch, kind, format, key FROM log
                    WHERE log.shard = r.shard AND log.seq > r.after AND log.seq <= r.up_to
                    ORDER BY log.seq LIMIT $4) AS l
             ORDER BY l.shard, l.seq
            """, near.map(\.number), near.map { from[$0].value }, near.map { to[$0].value },
            Int64(Self.entriesPerShardMax))
        let found = Dictionary(grouping: try rows.map { try LogEntry(row: $0) }, by: \.shard)
        var complete: [LogEntry] = []
        for shard in near {
            let entries = found[shard] ?? []
            if TailStep.explains(entries, from: from[shard], to: to[shard]) {
                complete += entries
            } else {
                missing.append(shard)
            }
        }
        return LogChanges(entries: complete, missing: missing)
    }

    /// What of `cut`, a cut of an older generation, is left: positions past the heads that survived are clamped to them.
    ///
    /// - Returns: a cut of the current generation; changes after it are all that came since, and what was lost is a gap.
    public func surviving(_ cut: Cut) async throws -> Cut {
        let rows = try await database.query(
            """
            SELECT h.shard, h.generation, min(s.seq) AS seq
              FROM head AS h LEFT JOIN generation_start AS s ON s.shard = h.shard AND s.generation > $1
             GROUP BY h.shard ORDER BY h.shard
            """, cut.generation)
        var positions: [ShardSequence] = []
        var generation = cut.generation
        for row in rows {
            let position = cut[ShardID(try row.int16("shard"))]
            positions.append(min(position, ShardSequence(try row.optionalInt64("seq") ?? position.value)))
            generation = max(generation, try row.int64("generation"))
        }
        return Cut(generation: generation, positions: positions)
    }
}
