/// An open transaction; valid inside the closure it is given to.
public final class PostgresTransaction: PostgresQuerying {
    private let connection: PostgresConnection

    init(connection: PostgresConnection) { self.connection = connection }

    public func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
        try await connection.query(statement)
    }
}

/// How a transaction sees others' commits.
public enum PostgresIsolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}
