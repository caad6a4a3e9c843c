import CanonicalJSON
import Identifiers
import Postgres

/// Filters users have uploaded: the `filter` table.
public struct FilterStore: Sendable {
    /// The most filters a user may have; clients upload the same few again and again, which makes no new one.
    public static let filtersMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Stores `filter` and returns its number; an equal one keeps the number it has.
    ///
    /// `nil` when there are too many.
    public func insert(_ filter: JSONObject, of user: UserID) async throws -> Int32? {
        let bytes = filter.bytes()
        // Two devices may take the same number at once; the loser tries the next.
        for _ in 0..<Self.attemptsMax {
            let rows = try await database.query(
                """
                WITH same AS (
                    SELECT filter_id FROM filter WHERE user_id = $1 AND json = $2 LIMIT 1
                ), made AS (
                    INSERT INTO filter (user_id, filter_id, json)
                    SELECT $1::text, coalesce(max(filter_id) + 1, 0), $2::bytea FROM filter WHERE user_id = $1
                    HAVING count(*) < $3 AND NOT EXISTS (SELECT FROM same)
                    ON CONFLICT (user_id, filter_id) DO NOTHING
                    RETURNING filter_id
                )
                SELECT filter_id FROM same UNION ALL SELECT filter_id FROM made
                UNION ALL SELECT NULL FROM filter WHERE user_id = $1 HAVING count(*) >= $3
                """,
                user.rawValue, bytes, Int64(Self.filtersMax))
            for row in rows { if let number = try row.optionalInt32("filter_id") { return number } }
            if !rows.isEmpty { return nil }
        }
        throw StoreError.contended("filter")
    }

    /// How often ``insert(_:of:)`` tries before it gives up.
    static let attemptsMax = 5

    /// The filter with `number` of `user`; `nil` when there is none.
    public func fetch(_ number: Int32, of user: UserID) async throws -> JSONObject? {
        let rows = try await database.query(
            "SELECT json FROM filter WHERE user_id = $1 AND filter_id = $2", user.rawValue, number)
        guard let row = rows.first else { return nil }
        guard let filter = try JSONValue.parse(try row.bytes("json")).objectValue else {
            throw StoreError.malformedRow("filter.json")
        }
        return filter
    }
}
