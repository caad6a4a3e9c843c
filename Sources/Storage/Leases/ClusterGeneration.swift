import Identifiers
import Logging
import Postgres

/// Notices that PostgreSQL came back with less than was acknowledged: another timeline, or another system altogether.
///
/// The failure it prevents: positions handed out before are used again for other things, and clients that hold them miss
/// what comes. So before anything is written a new generation is recorded and every head jumps far ahead. Claims and
/// recoveries are refused by the database until then; whoever is refused begins the generation.
public enum ClusterGeneration {
    /// How far heads jump: more than any client can have seen beyond the surviving tail.
    public static let jump: Int64 = 1 << 24

    /// Compares the server with what is stored, and begins a new generation when they differ.
    ///
    /// - Returns: the generation in force.
    @discardableResult
    public static func check(
        _ database: any PostgresQuerying, logger: Logger
    ) async throws(PostgresError) -> Int64 {
        let rows = try await database.query("SELECT generation, is_known_history() AS is_known FROM cluster_state")
        guard let row = rows.first else { throw PostgresError(.decoding("the cluster has no state row")) }
        if try row.bool("is_known") { return try row.int64("generation") }
        return try await begin(database, knownHeads: [], of: try row.int64("generation"), logger: logger)
    }

    /// Begins a new generation because heads are behind where they were seen before, as after a restore of files that
    /// left no trace in the timeline.
    ///
    /// - Parameter knownHeads: by shard number, as seen in `generation`; nothing happens unless one is lost.
    /// - Returns: the generation in force.
    @discardableResult
    public static func headsWentBack(
        from knownHeads: [ShardSequence], of generation: Int64, in database: any PostgresQuerying, logger: Logger
    ) async throws(PostgresError) -> Int64 {
        try await begin(database, knownHeads: knownHeads, of: generation, logger: logger)
    }

    /// Whoever comes second finds the work done: the condition is evaluated again under the row lock.
    private static func begin(
        _ database: any PostgresQuerying, knownHeads: [ShardSequence], of generation: Int64, logger: Logger
    ) async throws(PostgresError) -> Int64 {
        let rows = try await database.query(
            """
            WITH begun AS (
                UPDATE cluster_state AS c
                   SET generation = greatest(c.generation + 1, extract(epoch FROM now())::bigint),
                       system_identifier = s.system_identifier, timeline = wal_timeline()
                  FROM pg_control_system() AS s
                 WHERE (c.system_identifier, c.timeline) IS DISTINCT FROM (s.system_identifier, wal_timeline())
                    OR c.generation = $3 AND EXISTS (
                       SELECT FROM head JOIN unnest($2::bigint[]) WITH ORDINALITY AS known (seq, n) ON shard = n - 1
                        WHERE head.seq < known.seq)
                RETURNING c.generation),
            fenced AS (
                UPDATE lease SET epoch = epoch + 1, owner = NULL, expires_at = '-infinity' FROM begun
                RETURNING partition, epoch),
            jumped AS (
                UPDATE head SET seq = seq + $1, generation = begun.generation, epoch = fenced.epoch
                  FROM begun, fenced WHERE fenced.partition = 'shard/' || head.shard
                RETURNING head.generation, head.shard, head.seq),
            survived AS (
                INSERT INTO generation_start (generation, shard, seq)
                SELECT generation, shard, seq - $1 FROM jumped)
            SELECT generation FROM begun
            """, jump, knownHeads.map(\.value), generation)
        if let row = rows.first {
            let begun = try row.int64("generation")
            logger.critical(
                "PostgreSQL has lost acknowledged writes: a new generation begins", metadata: ["generation": "\(begun)"]
            )
            return begun
        }
        let state = try await database.query("SELECT generation FROM cluster_state")
        guard let row = state.first else { throw PostgresError(.decoding("the cluster has no state row")) }
        return try row.int64("generation")
    }
}
