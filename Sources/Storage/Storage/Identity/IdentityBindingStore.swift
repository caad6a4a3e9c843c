import Identifiers
import Postgres

/// An address that an identity server connects with a user, on our asking.
public struct IdentityBinding: Sendable, Hashable {
    public var medium: String
    public var address: String
    /// The identity server.
    public var server: ServerName

    public init(medium: String, address: String, server: ServerName) {
        self.medium = medium
        self.address = address
        self.server = server
    }
}

/// Which addresses were bound where: the `identity_binding` table.
public struct IdentityBindingStore: Sendable {
    /// The most bindings of one user; those made longest ago are forgotten first.
    public static let perUserMax = 100

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Notes that an address of `user` was bound.
    public func insert(_ binding: IdentityBinding, of user: UserID, at now: Timestamp) async throws {
        _ = try await database.query(
            """
            WITH old AS (
                DELETE FROM identity_binding WHERE (user_id, medium, address, server) IN (
                    SELECT user_id, medium, address, server FROM identity_binding WHERE user_id = $1
                     ORDER BY bound_at_ms DESC OFFSET $6)
            )
            INSERT INTO identity_binding (user_id, medium, address, server, bound_at_ms) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (user_id, medium, address, server) DO UPDATE SET bound_at_ms = excluded.bound_at_ms
            """,
            user.rawValue, binding.medium, binding.address, binding.server.rawValue, now.milliseconds,
            Int64(Self.perUserMax - 1))
    }

    /// What is bound of `user`, at most ``perUserMax``.
    public func list(of user: UserID) async throws -> [IdentityBinding] {
        let rows = try await database.query(
            "SELECT medium, address, server FROM identity_binding WHERE user_id = $1 ORDER BY bound_at_ms LIMIT $2",
            user.rawValue, Int64(Self.perUserMax))
        return try rows.map { row in
            let server = try row.identifier("server", as: ServerName.self)
            return IdentityBinding(medium: try row.text("medium"), address: try row.text("address"), server: server)
        }
    }

    /// Notes that an address of `user` is not bound any more.
    public func delete(_ binding: IdentityBinding, of user: UserID) async throws {
        _ = try await database.query(
            "DELETE FROM identity_binding WHERE user_id = $1 AND medium = $2 AND address = $3 AND server = $4",
            user.rawValue, binding.medium, binding.address, binding.server.rawValue)
    }
}
