import Identifiers
import Postgres

/// Who is in a room, counted, with a few names: what clients make a name of when the room has none.
public struct RoomSummary: Sendable, Equatable {
    public var joinedCount: Int
    public var invitedCount: Int
    /// The first of those who are in the room or invited, by when they came; at most ``RoomSummaryStore/heroesMax``.
    public var present: [UserID]
    /// The first of those who left or were banned.
    public var gone: [UserID]

    public init(joinedCount: Int, invitedCount: Int, present: [UserID], gone: [UserID]) {
        self.joinedCount = joinedCount
        self.invitedCount = invitedCount
        self.present = present
        self.gone = gone
    }
}

/// Counts rooms' members: the `current_membership` table.
public struct RoomSummaryStore: Sendable {
    /// One more than the five heroes that are shown, because a reader is not shown to themself.
    public static let heroesMax = 6
    /// The most members that may have changed after the position; a reader that far behind gets them uncorrected.
    public static let laterMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The members whose membership last changed at or before `position`, counted; and those who changed later, whose
    /// membership at the position has to be looked up in the state there.
    public func summary(
        of room: RoomID, at position: ShardSequence
    ) async throws -> (summary: RoomSummary, changedLater: [UserID]) {
        let rows = try await database.query(
            """
            WITH member AS MATERIALIZED (
                SELECT user_id, membership, seq FROM current_membership WHERE room_id = $1)
            SELECT 1 AS part, membership AS text, count(*) AS number FROM member WHERE seq <= $2 GROUP BY membership
            UNION ALL (
            SELECT 2, user_id, seq FROM member WHERE seq <= $2 AND membership IN ('join', 'invite')
             ORDER BY seq LIMIT $3)
            UNION ALL (
            SELECT 3, user_id, seq FROM member WHERE seq <= $2 AND membership IN ('leave', 'ban')
             ORDER BY seq LIMIT $3)
            UNION ALL (
            SELECT 4, user_id, seq FROM member WHERE seq > $2 ORDER BY seq LIMIT $4)
            """, room.rawValue, position.value, Int64(Self.heroesMax), Int64(Self.laterMax))
        var summary = RoomSummary(joinedCount: 0, invitedCount: 0, present: [], gone: [])
        var later: [UserID] = []
        for row in rows {
            let (part, text) = (try row.int32("part"), try row.text("text"))
            if part == 1 {
                let number = Int(try row.int64("number"))
                if RoomMembership(rawValue: text) == .join { summary.joinedCount = number }
                if RoomMembership(rawValue: text) == .invite { summary.invitedCount = number }
                continue
            }
            guard let user = UserID(text) else { throw StoreError.malformedRow("current_membership.user_id") }
            switch part {
            case 2: summary.present.append(user)
            case 3: summary.gone.append(user)
            default: later.append(user)
            }
        }
        return (summary, later)
    }
}
