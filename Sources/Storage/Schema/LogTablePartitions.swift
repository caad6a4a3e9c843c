import Postgres

/// The daily partitions of the tables that age out: `log` and `command_result`.
///
/// Made well ahead, so that a cluster whose housekeeping is down for days still finds a partition to write to.
public enum LogTablePartitions {
    /// How many days ahead partitions exist.
    public static let daysAhead = 7
    /// How long entries are kept, in days, by table.
    public static let keptDays = ["log": 2, "command_result": 1]

    /// Makes what is missing; any worker may, at any time.
    public static func ensure(on connection: any PostgresQuerying) async throws(PostgresError) {
        for table in keptDays.keys.sorted() {
            for day in 0...daysAhead {
                try await make(table, daysFromToday: day, on: connection)
            }
        }
    }

    /// Days are UTC. `CREATE` then `ATTACH` takes no lock that stops writers of other partitions; both are one
    /// statement, so that a crash leaves no table that is there and takes no rows.
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
        } catch where error.sqlState == "42P07" || error.sqlState == "23505" {
            return  // Another worker made it in the same moment.
        }
    }
}
