import Postgres

/// Texts that are stored as bytes, for their grammar does not exclude NUL: event types, state keys, names.
extension PostgresRow {
    public func byteText(_ column: String) throws(PostgresError) -> String {
        String(decoding: try bytes(column), as: UTF8.self)
    }

    public func optionalByteText(_ column: String) throws(PostgresError) -> String? {
        try optionalBytes(column).map { String(decoding: $0, as: UTF8.self) }
    }
}
