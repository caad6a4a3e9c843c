import Identifiers
import Postgres

/// Users' email addresses: the `third_party_id` table.
public struct ThirdPartyIDStore: Sendable {
    /// The most addresses of one user.
    public static let perUserMax = 50

    public enum AddOutcome: Sendable, Equatable {
        case added
        /// Another user has the address.
        case inUse
        /// The user has ``perUserMax`` already.
        case tooMany
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The addresses of `user`, the oldest first.
    public func list(of user: UserID) async throws -> [ThirdPartyID] {
        let rows = try await database.query(
            """
            SELECT medium, address, validated_at_ms, added_at_ms FROM third_party_id
             WHERE user_id = $1 ORDER BY added_at_ms, address LIMIT $2
            """, user.rawValue, Int64(Self.perUserMax))
        return try rows.map { row in
            ThirdPartyID(
                medium: try row.text("medium"), address: try row.text("address"),
                validatedAt: Timestamp(milliseconds: try row.int64("validated_at_ms")),
                addedAt: Timestamp(milliseconds: try row.int64("added_at_ms")))
        }
    }

    /// Who has the address; `nil` for nobody.
    public func user(with address: String, medium: String) async throws -> UserID? {
        let rows = try await database.query(
            "SELECT user_id FROM third_party_id WHERE medium = $1 AND address = $2", medium, address)
        return try rows.first.flatMap { UserID(try $0.text("user_id")) }
    }

    /// Gives `user`, who has an account, an address; one they have already stays as it was.
    public func add(
        _ address: String, medium: String, to user: UserID, validatedAt: Timestamp, at now: Timestamp
    ) async throws -> AddOutcome {
        let rows = try await database.query(
            """
            WITH room AS (
                SELECT count(*) < $6 AS is_left FROM third_party_id WHERE user_id = $3
            ), made AS (
                INSERT INTO third_party_id (medium, address, user_id, validated_at_ms, added_at_ms)
                SELECT $1::text, $2::text, $3::text, $4::bigint, $5::bigint FROM room WHERE is_left
                ON CONFLICT (medium, address) DO NOTHING RETURNING user_id
            )
            SELECT is_left, EXISTS (SELECT FROM made) AS is_made FROM room
            """,
            medium, address, user.rawValue, validatedAt.milliseconds, now.milliseconds, Int64(Self.perUserMax))
        guard let row = rows.first else { throw StoreError.malformedRow("third_party_id") }
        if try row.bool("is_made") { return .added }
        if try await self.user(with: address, medium: medium) == user { return .added }
        return try row.bool("is_left") ? .inUse : .tooMany
    }

    /// Takes an address from `user`, if it is theirs, and ends their mails to it.
    public func remove(_ address: String, medium: String, from user: UserID) async throws {
        try await database.query(
            """
            WITH gone AS (
                DELETE FROM pusher
                 WHERE $1 = 'email' AND user_id = $3 AND kind = 'email' AND lower(convert_from(pushkey, 'UTF8')) = $2
            )
            DELETE FROM third_party_id WHERE medium = $1 AND address = $2 AND user_id = $3
            """, medium, address, user.rawValue)
    }
}
