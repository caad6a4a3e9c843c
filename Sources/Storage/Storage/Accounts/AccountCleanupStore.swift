import Identifiers
import Postgres

// Idea: a deactivated account leaves its rooms by commands to their room-writers, which takes a while and must not stop
// when a worker dies. What is left is a row with how far it has come; any client worker claims it for a while, does a
// bounded step and writes down where it is. Doing a step twice does no harm.

/// What is left to do for deactivated accounts: the `account_cleanup` table.
public struct AccountCleanupStore: Sendable {
    /// A claimed account.
    public struct Claim: Sendable, Equatable {
        public let user: UserID
        /// Whether account data goes as well.
        public let isErased: Bool
        /// The rooms after this one, in byte order, have yet to be left; "" at the start.
        public let roomAfter: String
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Claims one account that nobody works on; `nil` when there is none.
    ///
    /// - Parameter life: after this others may claim it.
    public func claim(at now: Timestamp, for life: Duration) async throws -> Claim? {
        let rows = try await database.query(
            """
            UPDATE account_cleanup AS c SET claimed_until_ms = $2 FROM account AS a
             WHERE a.user_id = c.user_id AND c.user_id = (
                   SELECT user_id FROM account_cleanup WHERE claimed_until_ms <= $1
                    ORDER BY claimed_until_ms LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING c.user_id, c.room_after, a.erased_at_ms IS NOT NULL AS is_erased
            """, now.milliseconds, now.advanced(by: life).milliseconds)
        guard let row = rows.first else { return nil }
        let user = try row.identifier("user_id", as: UserID.self)
        return Claim(user: user, isErased: try row.bool("is_erased"), roomAfter: try row.text("room_after"))
    }

    /// The rooms `user` is in, invited to or knocks at, after `room` in byte order.
    public func rooms(of user: UserID, after room: String, limit: Int) async throws -> [RoomID] {
        let rows = try await database.query(
            """
            SELECT room_id FROM current_membership
             WHERE user_id = $1 AND membership IN ('join', 'invite', 'knock') AND is_local AND room_id > $2
             ORDER BY room_id LIMIT $3
            """, user.rawValue, room, Int64(limit))
        return try rows.compactMap { RoomID(try $0.text("room_id")) }
    }

    /// The account data of `user`, which room, if any, and what type, as far as it is set.
    public func accountData(of user: UserID, limit: Int) async throws -> [(room: RoomID?, type: String)] {
        let rows = try await database.query(
            "SELECT room_id, type FROM account_data WHERE user_id = $1 AND content IS NOT NULL LIMIT $2",
            user.rawValue, Int64(limit))
        return try rows.map { row in
            (RoomID(try row.text("room_id")), try row.byteText("type"))
        }
    }

    /// Writes down that the rooms up to `room` have been left, and gives the claim back.
    public func advance(_ user: UserID, past room: String) async throws {
        _ = try await database.query(
            "UPDATE account_cleanup SET room_after = $2, claimed_until_ms = 0 WHERE user_id = $1", user.rawValue, room)
    }

    /// Nothing is left to do for `user`.
    public func finish(_ user: UserID) async throws {
        _ = try await database.query("DELETE FROM account_cleanup WHERE user_id = $1", user.rawValue)
    }
}
