import Identifiers
import Postgres

/// Which users asked for what they sent to be erased: `account.erased_at_ms`.
public struct ErasedUserStore: Sendable {
    /// The most users one call asks about.
    public static let usersMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Those of `users`, at most ``usersMax``, who are erased.
    public func erased(among users: Set<UserID>) async throws -> Set<UserID> {
        precondition(users.count <= Self.usersMax, "more users are asked about at once than one call answers")
        guard !users.isEmpty else { return [] }
        let rows = try await database.query(
            "SELECT user_id FROM account WHERE user_id = ANY($1::text[]) AND erased_at_ms IS NOT NULL",
            users.map(\.rawValue))
        return Set(try rows.compactMap { UserID(try $0.text("user_id")) })
    }
}
