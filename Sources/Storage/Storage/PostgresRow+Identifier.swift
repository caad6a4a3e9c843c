import Identifiers
import Postgres

extension PostgresRow {
    /// An identifier, as its text is stored.
    ///
    /// - Throws: `StoreError.malformedRow` with the column's name for what is no such identifier; `PostgresError` for null.
    public func identifier<ID: Identifier>(_ column: String, as type: ID.Type) throws -> ID {
        guard let identifier = ID(try text(column)) else { throw StoreError.malformedRow(column) }
        return identifier
    }
}
