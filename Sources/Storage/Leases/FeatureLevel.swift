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
        let rows = try await database.query("SELECT raise_feature_level($1) AS feature_level", known)
        guard let row = rows.first, let level = try row.optionalInt32("feature_level") else {
            throw PostgresError(.decoding("the cluster has no state row"))
        }
        return level
    }
}
