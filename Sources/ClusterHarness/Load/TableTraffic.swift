import Postgres

/// How many rows of each table have been written and read, as PostgreSQL counts them.
///
/// Backends report late, an idle one after ten seconds: figures that stand still for longer are complete.
public struct TableTraffic: Sendable, Equatable {
    /// The rows of one table.
    public struct Rows: Sendable, Equatable {
        public var inserted: Int64 = 0
        public var changed: Int64 = 0
        public var read: Int64 = 0
    }

    /// By the table's name.
    public let tables: [String: Rows]

    public static func read(_ database: PostgresDatabase) async throws -> TableTraffic {
        let rows = try await database.query(
            """
            SELECT relname::text AS name, n_tup_ins AS inserted, n_tup_upd + n_tup_del AS changed,
                   coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS read
              FROM pg_stat_user_tables
            """)
        return TableTraffic(
            tables: try Dictionary(
                uniqueKeysWithValues: rows.map { row in
                    (
                        try row.text("name"),
                        Rows(
                            inserted: try row.int64("inserted"), changed: try row.int64("changed"),
                            read: try row.int64("read"))
                    )
                }))
    }

    /// What came since `earlier`.
    public func since(_ earlier: TableTraffic) -> TableTraffic {
        TableTraffic(
            tables: Dictionary(
                uniqueKeysWithValues: tables.map { name, rows in
                    let before = earlier.tables[name] ?? Rows()
                    return (
                        name,
                        Rows(
                            inserted: rows.inserted - before.inserted, changed: rows.changed - before.changed,
                            read: rows.read - before.read)
                    )
                }))
    }

    public subscript(table: String) -> Rows { tables[table] ?? Rows() }

    /// The table with the most rows written.
    public var mostWritten: (table: String, rows: Int64) {
        let most = tables.max { $0.value.inserted + $0.value.changed < $1.value.inserted + $1.value.changed }
        return (most?.key ?? "", most.map { $0.value.inserted + $0.value.changed } ?? 0)
    }
}
