import Identifiers
import Postgres

/// A change of a local user's membership of a room.
public struct MembershipChange: Sendable, Equatable {
    /// In the order of the room's shard.
    public let position: ShardSequence
    /// join, invite, leave, ban or knock.
    public let membership: String
    public let event: EventID
    public let sender: UserID
}

/// Reads in which intervals local users were in rooms.
public struct MembershipHistory: Sendable {
    /// The most changes of one user in one room a call returns: the latest.
    public static let changesMax = 2_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The changes of `user`'s membership of `room` up to `position`, oldest first.
    public func changes(
        of user: UserID, in room: RoomID, upTo position: ShardSequence
    ) async throws -> [MembershipChange] {
        let rows = try await database.query(
            """
            SELECT seq, membership, event_id, sender FROM membership_history
             WHERE user_id = $1 AND room_id = $2 AND seq <= $3 ORDER BY seq DESC LIMIT $4
            """, user.rawValue, room.rawValue, position.value, Int64(Self.changesMax))
        return try rows.reversed().map { try MembershipChange(row: $0) }
    }
}

extension MembershipChange {
    init(row: PostgresRow) throws {
        let event = try row.identifier("event_id", as: EventID.self)
        let sender = try row.identifier("sender", as: UserID.self)
        self.init(
            position: ShardSequence(try row.int64("seq")), membership: try row.text("membership"), event: event,
            sender: sender)
    }
}
