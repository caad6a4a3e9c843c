import Postgres

/// What a worker finds in the database it was pointed at.
public enum ClusterSchema: Sendable, Equatable {
    /// It may serve; rooms and users are placed over that many shards.
    case usable(shardCount: Int)
    /// `apus migrate` has not run yet, or not this build's.
    case notMigrated(version: Int)

    /// Looks without changing anything.
    ///
    /// - Throws: `SchemaMigrations.Failure` when the database is another server's or newer than this build can bear;
    ///   a `PostgresError` when it cannot be asked.
    public static func look(at database: any PostgresQuerying, serverName: String) async throws -> ClusterSchema {
        let current = try await version(of: database)
        guard current >= SchemaMigrations.versionMax else { return .notMigrated(version: current) }
        guard current <= SchemaMigrations.versionMax + SchemaMigrations.compatibleAhead else {
            throw SchemaMigrations.Failure.databaseIsNewer(version: current)
        }
        let rows = try await database.query("SELECT server_name, shard_count FROM cluster_state")
        guard let row = rows.first else { return .notMigrated(version: current) }
        let name = try row.text("server_name")
        guard name.utf8.elementsEqual(serverName.utf8) else {
            throw SchemaMigrations.Failure.otherServerName(stored: name, given: serverName)
        }
        return .usable(shardCount: Int(try row.int16("shard_count")))
    }

    private static func version(of database: any PostgresQuerying) async throws(PostgresError) -> Int {
        let tables = try await database.query("SELECT to_regclass('schema_migration') IS NOT NULL AS is_there")
        guard try tables.first?.bool("is_there") ?? false else { return 0 }
        let rows = try await database.query("SELECT coalesce(max(version), 0) AS version FROM schema_migration")
        return Int(try rows.first?.int32("version") ?? 0)
    }
}
