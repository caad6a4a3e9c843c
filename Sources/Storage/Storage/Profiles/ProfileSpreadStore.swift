import Identifiers
import Postgres

/// A change of a profile on its way into the rooms its user is in.
public struct ProfileSpread: Sendable, Equatable {
    public let user: UserID
    /// Which change of the user's.
    public let stamp: Int64
    /// Rooms up to this ID have it; empty before the first.
    public var afterRoom: String
}

/// Changes of profiles that rooms do not show yet: the `profile_spread` table.
///
/// Whoever takes one up has ``holdSeconds`` for each page; a worker that dies in between leaves it to the next.
public struct ProfileSpreadStore: Sendable {
    /// How long a change that was taken up is left alone.
    public static let holdSeconds: Int32 = 30

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Writes down that `user`'s profile changed, and takes it up.
    public func begin(_ user: UserID) async throws -> ProfileSpread {
        let rows = try await database.query(
            """
            INSERT INTO profile_spread AS s (user_id, due_at) VALUES ($1, now() + make_interval(secs => $2))
            ON CONFLICT (user_id) DO UPDATE SET stamp = s.stamp + 1, after_room = '', due_at = excluded.due_at
            RETURNING user_id, stamp, after_room
            """,
            user.rawValue, Double(Self.holdSeconds))
        guard let row = rows.first else { throw StoreError.malformedRow("profile_spread") }
        return try Self.spread(row)
    }

    /// Takes up the change that has waited longest; `nil` when none waits.
    public func claim() async throws -> ProfileSpread? {
        let rows = try await database.query(
            """
            UPDATE profile_spread SET due_at = now() + make_interval(secs => $1)
             WHERE user_id = (SELECT user_id FROM profile_spread WHERE due_at <= now()
                               ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING user_id, stamp, after_room
            """,
            Double(Self.holdSeconds))
        return try rows.first.map { try Self.spread($0) }
    }

    /// Writes down how far a change has come.
    ///
    /// - Parameter keeping: whether the caller goes on with it; otherwise anybody may.
    /// - Returns: `false` when there is a newer one, which began anew.
    public func advance(_ spread: ProfileSpread, keeping: Bool) async throws -> Bool {
        let rows = try await database.query(
            """
            UPDATE profile_spread SET after_room = $3, due_at = now() + make_interval(secs => $4)
             WHERE user_id = $1 AND stamp = $2 RETURNING user_id
            """,
            spread.user.rawValue, spread.stamp, spread.afterRoom, keeping ? Double(Self.holdSeconds) : 0)
        return !rows.isEmpty
    }

    /// Forgets a change that every room has; a newer one stays.
    public func finish(_ spread: ProfileSpread) async throws {
        _ = try await database.query(
            "DELETE FROM profile_spread WHERE user_id = $1 AND stamp = $2", spread.user.rawValue, spread.stamp)
    }

    private static func spread(_ row: PostgresRow) throws -> ProfileSpread {
        let user = try row.identifier("user_id", as: UserID.self)
        return ProfileSpread(user: user, stamp: try row.int64("stamp"), afterRoom: try row.text("after_room"))
    }
}
