import Logging
import Postgres

/// Notices that PostgreSQL came back with less than was acknowledged: another timeline, or another system altogether.
///
/// The failure it prevents: positions handed out before are used again for other things, and clients that hold them miss
/// what comes. So before anything is written a new generation is recorded and every head jumps far ahead.
public enum ClusterGeneration {
    /// How far heads jump: more than any client can have seen beyond the surviving tail.
    public static let jump: Int64 = 1 << 24

    /// Compares the server with what is stored, and records a new generation when they differ.
    ///
    /// - Returns: the generation in force.
    @discardableResult
    public static func check(_ database: PostgresDatabase, logger: Logger) async throws -> Int64 {
        let rows = try await database.query(
            """
            SELECT c.generation,
                   (c.system_identifier, c.timeline) IS DISTINCT FROM (s.system_identifier, p.timeline_id) AS is_other
              FROM cluster_state AS c, pg_control_system() AS s, pg_control_checkpoint() AS p
            """)
        guard let row = rows.first else { throw PostgresError(.decoding("the cluster has no state row")) }
        guard try row.bool("is_other") else { return try row.int64("generation") }
        return try await begin(database, logger: logger)
    }

    private static func begin(_ database: PostgresDatabase, logger: Logger) async throws -> Int64 {
        let generation = try await database.transaction { transaction in
            // Whoever comes second finds the work done: the condition is evaluated again under the row lock.
            let updated = try await transaction.query(
                """
                UPDATE cluster_state AS c
                   SET generation = c.generation + 1, system_identifier = s.system_identifier, timeline = p.timeline_id
                  FROM pg_control_system() AS s, pg_control_checkpoint() AS p
                 WHERE (c.system_identifier, c.timeline) IS DISTINCT FROM (s.system_identifier, p.timeline_id)
                RETURNING c.generation
                """)
            guard let row = updated.first else {
                return try await transaction.query("SELECT generation FROM cluster_state")[0].int64("generation")
            }
            let generation = try row.int64("generation")
            try await transaction.query("UPDATE lease SET epoch = epoch + 1, owner = NULL, expires_at = '-infinity'")
            try await transaction.query(
                """
                UPDATE head SET seq = seq + $1, generation = $2, epoch = l.epoch
                  FROM lease AS l WHERE l.partition = 'shard/' || head.shard
                """, jump, generation)
            return generation
        }
        logger.critical(
            "PostgreSQL is on another timeline than before: a new generation begins",
            metadata: ["generation": "\(generation)"])
        return generation
    }
}
