/// What single statements can be given to: the shared connections, a transaction, or a connection of one's own.
public protocol PostgresQuerying: Sendable {
    /// Carries out one statement and returns its rows.
    ///
    /// - Throws: ``PostgresError``; after `.connectionLost` and `.timedOut` the statement may have been carried out.
    @discardableResult
    func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows
}

extension PostgresQuerying {
    /// Carries out `sql` with `$1…` bound to `parameters`.
    @discardableResult
    public func query(
        _ sql: String, _ parameters: [any PostgresParameter]
    ) async throws(PostgresError) -> PostgresRows {
        try await query(PostgresStatement(sql, parameters))
    }

    /// Carries out `sql` with `$1…` bound to `parameters`.
    @discardableResult
    public func query(_ sql: String, _ parameters: any PostgresParameter...) async throws(PostgresError) -> PostgresRows
    {
        try await query(PostgresStatement(sql, parameters))
    }
}
