import Identifiers
import Postgres

extension AccountStore {
    /// Ends an account in one statement: no password, no devices and tokens, no profile, no addresses; what takes commands to
    /// room-writers is noted for ``AccountCleanupStore``.
    ///
    /// - Parameter erase: what the user has left is removed too.
    /// - Returns: `false` when there is no such account.
    public func deactivate(_ user: UserID, erase: Bool, at now: Timestamp) async throws -> Bool {
        let rows = try await database.query(
            """
            WITH ended AS (
                UPDATE account SET password_hash = NULL, deactivated_at_ms = coalesce(deactivated_at_ms, $2::bigint),
                       erased_at_ms = CASE WHEN $3::boolean THEN coalesce(erased_at_ms, $2::bigint)
                                           ELSE erased_at_ms END
                 WHERE user_id = $1 RETURNING user_id
            ), devices AS (
                DELETE FROM device WHERE user_id IN (SELECT user_id FROM ended)
            ), profile AS (
                DELETE FROM profile_field WHERE user_id IN (SELECT user_id FROM ended)
            ), tokens AS (
                DELETE FROM account_token WHERE user_id IN (SELECT user_id FROM ended)
            ), addresses AS (
                DELETE FROM third_party_id WHERE user_id IN (SELECT user_id FROM ended)
            ), links AS (
                DELETE FROM upstream_identity WHERE $3::boolean AND user_id IN (SELECT user_id FROM ended)
            )
            INSERT INTO account_cleanup (user_id) SELECT user_id FROM ended
            ON CONFLICT (user_id) DO UPDATE SET room_after = ''
            RETURNING user_id
            """, user.rawValue, now.milliseconds, erase)
        return !rows.isEmpty
    }
}
