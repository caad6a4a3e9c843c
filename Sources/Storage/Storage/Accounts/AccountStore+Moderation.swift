import Identifiers
import Postgres

extension AccountStore {
    /// Suspends `user` at `now`, or (with `nil`) lets them write again; who is suspended already stays so since then.
    public func setSuspended(_ user: UserID, at now: Timestamp?) async throws {
        _ = try await database.query(
            """
            UPDATE account SET suspended_at_ms = CASE WHEN $2::bigint IS NULL THEN NULL
                                                      ELSE coalesce(suspended_at_ms, $2::bigint) END
             WHERE user_id = $1
            """, user.rawValue, now?.milliseconds)
    }

    /// Locks `user` at `now`, or (with `nil`) unlocks them; who is locked already stays so since then.
    public func setLocked(_ user: UserID, at now: Timestamp?) async throws {
        _ = try await database.query(
            """
            UPDATE account SET locked_at_ms = CASE WHEN $2::bigint IS NULL THEN NULL
                                                   ELSE coalesce(locked_at_ms, $2::bigint) END
             WHERE user_id = $1
            """, user.rawValue, now?.milliseconds)
    }
}
