import Postgres

/// Which formats of log rows the cluster may write: raised only when every registered worker reads the next.
public enum FeatureLevel {
    /// The newest level this build reads and writes.
    public static let known: Int32 = 1

    /// Raises the stored level as far as every live worker understands.
    ///
    /// - Returns: the level in force.
    @discardableResult
    public static func raise(in database: any PostgresQuerying) async throws(PostgresError) -> Int32 {
        let rows = try await database.query(
            """
            UPDATE cluster_state AS c
               SET feature_level = greatest(c.feature_level, (
                   SELECT coalesce(min(feature_level_max), c.feature_level) FROM worker
                    WHERE seen_at > now() - interval '60 seconds'))
            RETURNING feature_level
            """)
        guard let row = rows.first else { throw PostgresError(.decoding("the cluster has no state row")) }
        return try row.int32("feature_level")
    }
}
