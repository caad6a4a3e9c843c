import Postgres

/// The daily partitions of the tables that age out: `log` and `command_result`.
///
/// Made well ahead, so that a cluster whose housekeeping is down for days still finds a partition to write to. Dropped by
/// detaching concurrently: a plain `DROP` or `DELETE` would make those who append wait, or leave their rows behind.
public enum LogTablePartitions {
    /// How many days ahead partitions exist.
    public static let daysAhead = 7
    /// How long entries are kept, in days, by table.
    public static let keptDays = ["log": 2, "command_result": 1]
    /// The longest a statement may take: detaching waits for every transaction that reads the table.
    static let statementMax = Duration.seconds(60)
    /// How PostgreSQL refuses a table that another worker made in the same moment: as a table, as the type of its rows, or
    /// as their names in the catalogue.
    private static let madeByAnother: Set = ["42P07", "42710", "23505"]
    /// The advisory lock held while dropping: "part" in ASCII.
    static let lockKey: Int64 = 0x7061_7274

    /// How many whole days after today can be written to; fewer than two is an alarm.
    public static func daysPrepared(on connection: any PostgresQuerying) async throws(PostgresError) -> Int {
        let rows = try await connection.query(
            """
            SELECT min(prepared) AS days FROM (
                SELECT parent, max(to_date(right(c.relname, 8), 'YYYYMMDD')) - (now() AT TIME ZONE 'UTC')::date AS prepared
                  FROM unnest($1::text[]) AS parent
                  JOIN pg_inherits AS i ON i.inhparent = parent::regclass JOIN pg_class AS c ON c.oid = i.inhrelid
                 GROUP BY parent) AS tables
            """, keptDays.keys.sorted())
        return Int(try rows.first?.optionalInt32("days") ?? 0)
    }

    // MARK: Making

    /// Makes what is missing; any worker may, at any time.
    public static func ensure(on connection: any PostgresQuerying) async throws(PostgresError) {
        for table in keptDays.keys.sorted() {
            for day in 0...daysAhead {
                try await make(table, daysFromToday: day, on: connection)
            }
        }
    }

    /// Days are UTC.
    ///
    /// `CREATE` then `ATTACH` takes no lock that stops writers of other partitions; both are one statement, so that a
    /// crash leaves no table that is there and takes no rows.
    private static func make(
        _ table: String, daysFromToday day: Int, on connection: any PostgresQuerying
    ) async throws(PostgresError) {
        let rows = try await connection.query(
            """
            SELECT to_char(d, 'YYYYMMDD') AS suffix, d::text AS first, (d + 1)::text AS next,
                   EXISTS (SELECT FROM pg_inherits
                            WHERE inhparent = $1::regclass
                              AND inhrelid = to_regclass($1 || '_' || to_char(d, 'YYYYMMDD'))) AS is_there
              FROM (SELECT (now() AT TIME ZONE 'UTC')::date + $2::int AS d) AS days
            """, table, Int32(day))
        guard let row = rows.first, try !row.bool("is_there") else { return }
        let (suffix, first, next) = (try row.text("suffix"), try row.text("first"), try row.text("next"))
        let name = "\(table)_\(suffix)"
        do {
            try await connection.query(
                """
                DO $$ BEGIN
                    CREATE TABLE \(name) (LIKE \(table) INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
                    ALTER TABLE \(table) ATTACH PARTITION \(name)
                        FOR VALUES FROM ('\(first) 00:00+00') TO ('\(next) 00:00+00');
                END $$
                """)
        } catch  where error.sqlState.map(madeByAnother.contains) ?? false {
            return
        }
    }

    // MARK: Dropping

    /// Drops what is older than ``keptDays``; does nothing while another worker is at it.
    ///
    /// - Returns: the names of the partitions dropped.
    @discardableResult
    public static func dropOld(_ database: PostgresDatabase) async throws -> [String] {
        let connection = try await database.dedicatedConnection(
            applicationName: "apus-partitions", answerTimeout: statementMax)
        do {
            let dropped = try await dropOld(on: connection)
            await connection.close()  // And with it the lock.
            return dropped
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func dropOld(on connection: PostgresConnection) async throws(PostgresError) -> [String] {
        let locked = try await connection.query("SELECT pg_try_advisory_lock($1) AS taken", lockKey)
        guard try locked.first?.bool("taken") ?? false else { return [] }
        try await connection.query("SET statement_timeout = 0")
        // What waits for the detaching is nobody's request.
        try await connection.query("SET lock_timeout = '30s'")
        var dropped: [String] = []
        for table in keptDays.keys.sorted() {
            for old in try await expired(table, on: connection) {
                switch old.state {
                case .attached:
                    try await connection.query("ALTER TABLE \(table) DETACH PARTITION \(old.name) CONCURRENTLY")
                case .detaching:
                    try await connection.query("ALTER TABLE \(table) DETACH PARTITION \(old.name) FINALIZE")
                case .detached: break
                }
                try await connection.query("DROP TABLE \(old.name)")
                dropped.append(old.name)
            }
        }
        return dropped
    }

    /// What was interrupted goes on where it was: a partition may be half detached, or detached and still there.
    private enum State { case attached, detaching, detached }

    private static func expired(
        _ table: String, on connection: any PostgresQuerying
    ) async throws(PostgresError) -> [(name: String, state: State)] {
        let rows = try await connection.query(
            """
            SELECT c.relname::text AS name, i.inhrelid IS NOT NULL AS is_attached,
                   coalesce(i.inhdetachpending, false) AS is_detaching
              FROM pg_class AS c LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
             WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = $1::regclass)
               AND c.relname ~ ('^' || $1 || '_[0-9]{8}$')
               AND to_date(right(c.relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - $2::int
             ORDER BY c.relname
            """, table, Int32(keptDays[table] ?? 0))
        return try rows.map { row throws(PostgresError) in
            let state: State =
                try row.bool("is_detaching") ? .detaching : try row.bool("is_attached") ? .attached : .detached
            return (try row.text("name"), state)
        }
    }
}
