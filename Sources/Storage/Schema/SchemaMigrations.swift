import Postgres

/// Brings a database's schema up to what this build needs: numbered files, forward only.
///
/// Migrations expand before they contract, so a build of the version before runs on this schema. Whoever comes first
/// migrates under an advisory lock; everybody else waits and finds the work done.
public enum SchemaMigrations {
    public enum Failure: Error, CustomStringConvertible {
        case databaseIsNewer(version: Int)
        case otherServerName(stored: String, given: String)
        /// Another process has been migrating for longer than ``lockWaitMax``.
        case busy

        public var description: String {
            switch self {
            case .databaseIsNewer(let version):
                "the database has schema version \(version), this build knows \(SchemaMigrations.versionMax)"
            case .otherServerName(let stored, let given):
                "the database belongs to server '\(stored)', not '\(given)'; a server's name never changes"
            case .busy: "another process is migrating the database and does not come to an end"
            }
        }
    }

    /// The advisory lock held while migrating: "apus" in ASCII.
    static let lockKey: Int64 = 0x6170_7573

    static let migrations: [(version: Int, name: String, sql: String)] = [
        (1, "initial", String(decoding: PackageResources.m0001_initial_sql, as: UTF8.self))
    ]

    /// How many versions newer a schema may be: while a new build rolls out, the one before it restarts too.
    public static let compatibleAhead = 1
    /// How long to wait for another process to finish migrating.
    public static let lockWaitMax = Duration.seconds(60)
    /// The longest a single statement of a migration may take.
    static let statementMax = Duration.seconds(3_600)

    /// The newest schema this build knows.
    public static var versionMax: Int { migrations.last?.version ?? 0 }

    /// Migrates, and on an empty database makes the cluster's rows: its state, heads, leases, first partitions.
    ///
    /// - Throws: ``Failure``, or a `PostgresError`; a failed migration leaves nothing behind.
    public static func migrate(
        _ database: PostgresDatabase, serverName: String, shardCount: Int
    ) async throws {
        let connection = try await database.dedicatedConnection(
            applicationName: "apus-migrate", answerTimeout: statementMax)
        do {
            try await takeLock(on: connection)
            try await connection.query("SET statement_timeout = 0")
            try await applyMissing(on: connection)
            try await makeCluster(on: connection, serverName: serverName, shardCount: shardCount)
            try await LogTablePartitions.ensure(on: connection)
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Asks again and again: a waiting `pg_advisory_lock` would end with the session's `lock_timeout`.
    private static func takeLock(on connection: PostgresConnection) async throws {
        let giveUpAt = ContinuousClock.now + lockWaitMax
        while true {
            let rows = try await connection.query("SELECT pg_try_advisory_lock($1) AS taken", lockKey)
            if try rows[0].bool("taken") { return }
            guard ContinuousClock.now < giveUpAt else { throw Failure.busy }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static func applyMissing(on connection: PostgresConnection) async throws {
        try await connection.query(
            """
            CREATE TABLE IF NOT EXISTS schema_migration (
                version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
            """)
        let applied = try await connection.query("SELECT coalesce(max(version), 0) AS version FROM schema_migration")
        let current = Int(try applied.first?.int32("version") ?? 0)
        guard current <= versionMax + compatibleAhead else { throw Failure.databaseIsNewer(version: current) }
        for migration in migrations where migration.version > current {
            var statements = SQLStatements.split(migration.sql).map { PostgresStatement(sql: $0) }
            statements.append(
                PostgresStatement(
                    "INSERT INTO schema_migration (version, name) VALUES ($1, $2)",
                    [Int32(migration.version), migration.name]))
            switch await connection.batch(statements) {
            case .committed: break
            case .failed(let error, _), .inDoubt(let error): throw error
            }
        }
    }

    private static func makeCluster(
        on connection: PostgresConnection, serverName: String, shardCount: Int
    ) async throws {
        try await connection.query(
            """
            INSERT INTO cluster_state (server_name, shard_count, system_identifier, timeline)
            SELECT $1, $2, s.system_identifier, wal_timeline() FROM pg_control_system() AS s
            ON CONFLICT DO NOTHING
            """, serverName, Int16(shardCount))
        let stored = try await connection.query("SELECT server_name, shard_count FROM cluster_state")
        let name = try stored[0].text("server_name")
        guard name == serverName else { throw Failure.otherServerName(stored: name, given: serverName) }
        let count = try stored[0].int16("shard_count")
        try await connection.query(
            "INSERT INTO head (shard) SELECT generate_series(0, $1::smallint - 1) ON CONFLICT DO NOTHING", count)
        try await connection.query(
            """
            INSERT INTO lease (partition) SELECT 'shard/' || n FROM generate_series(0, $1::smallint - 1) AS n
            ON CONFLICT DO NOTHING
            """, count)
    }
}
