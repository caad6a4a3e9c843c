import Identifiers
import Postgres

/// Who at the provider is whose account: the `upstream_identity` table.
public struct UpstreamIdentityStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The account of somebody at `issuer`, deactivated ones included; `nil` when they have none.
    public func user(with subject: String, of issuer: String) async throws -> UserID? {
        let rows = try await database.query(
            "SELECT user_id FROM upstream_identity WHERE issuer = $1 AND subject = $2", issuer, subject)
        return try rows.first.flatMap { UserID(try $0.text("user_id")) }
    }
}
