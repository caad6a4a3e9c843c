import Events
import Identifiers
import Postgres

// Idea: when a room is closed to guests, those in it have to leave (spec v1.19, "Guest Access"), whatever changed the state:
// a person, state resolution, a timer. So the commit that changes it notes the room; any client worker claims it, looks at
// what holds now, and sends guests away in bounded steps. A change in the meantime has another position, so that the row
// it would leave behind is not taken for the one that was worked on.

/// Rooms whose guests may have to leave: the `guest_check` table.
public struct GuestCheckStore: Sendable {
    /// A claimed room.
    public struct Claim: Sendable, Equatable {
        public let room: RoomID
        /// Of the change that is followed up.
        public let position: ShardSequence
        /// The guests after this one, in byte order, have yet to be looked at; "" at the start.
        public let userAfter: String
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Notes changes of guest access, of which no two are of the same room; part of the commit that makes them.
    static func note(_ rows: [StateChangeRow]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO guest_check (room_id, seq) SELECT * FROM unnest($1::text[], $2::bigint[])
            ON CONFLICT (room_id) DO UPDATE SET seq = excluded.seq, user_after = '', claimed_until_ms = 0
            """, [rows.map(\.room.rawValue), rows.map(\.position.value)])
    }

    /// Claims one room that nobody works on; `nil` when there is none.
    ///
    /// - Parameter life: after this others may claim it.
    public func claim(at now: Timestamp, for life: Duration) async throws -> Claim? {
        let rows = try await database.query(
            """
            UPDATE guest_check SET claimed_until_ms = $2 WHERE room_id = (
                   SELECT room_id FROM guest_check WHERE claimed_until_ms <= $1
                    ORDER BY claimed_until_ms LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING room_id, seq, user_after
            """, now.milliseconds, now.advanced(by: life).milliseconds)
        guard let row = rows.first else { return nil }
        let room = try row.identifier("room_id", as: RoomID.self)
        return Claim(
            room: room, position: ShardSequence(try row.int64("seq")), userAfter: try row.text("user_after"))
    }

    /// The guests in the claimed room that have yet to be looked at, in byte order.
    public func guests(_ claim: Claim, limit: Int) async throws -> [UserID] {
        let rows = try await database.query(
            """
            SELECT user_id FROM current_membership JOIN account USING (user_id)
             WHERE room_id = $1 AND membership = 'join' AND is_local AND is_guest AND user_id > $2
             ORDER BY user_id LIMIT $3
            """, claim.room.rawValue, claim.userAfter, Int64(limit))
        return try rows.compactMap { UserID(try $0.text("user_id")) }
    }

    /// Writes down that the guests up to `user` have been looked at, and gives the claim back.
    public func advance(_ claim: Claim, past user: String) async throws {
        _ = try await database.query(
            "UPDATE guest_check SET user_after = $3, claimed_until_ms = 0 WHERE room_id = $1 AND seq = $2",
            claim.room.rawValue, claim.position.value, user)
    }

    /// Nothing is left to do, unless guest access was changed meanwhile.
    public func finish(_ claim: Claim) async throws {
        _ = try await database.query(
            "DELETE FROM guest_check WHERE room_id = $1 AND seq = $2", claim.room.rawValue, claim.position.value)
    }
}
