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
        let near = shards.filter { to[$0].value - from[$0].value <= Int64(Self.entriesPerShardMax) }
        var missing = shards.filter { !near.contains($0) }
        guard !near.isEmpty else { return LogChanges(entries: [], missing: missing) }
        let rows = try await database.query(
            """
            SELECT l.shard, l.seq, l.epoch, l.kind, l.format, l.key
              FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS r (shard, after, up_to)
              JOIN log AS l ON l.shard = r.shard AND l.seq > r.after AND l.seq <= r.up_to
             ORDER BY l.shard, l.seq
            """, near.map(\.number), near.map { from[$0].value }, near.map { to[$0].value })
        let entries = try rows.map { try LogEntry(row: $0) }
        var complete: [LogEntry] = []
        for shard in near {
            let own = entries.filter { $0.shard == shard }
            if TailStep.explains(own, from: from[shard], to: to[shard]) {
                complete += own
            } else {
                missing.append(shard)
            }
        }
        return LogChanges(entries: complete, missing: missing)
    }
}
