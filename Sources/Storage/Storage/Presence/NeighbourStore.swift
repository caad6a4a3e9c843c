import Identifiers
import Postgres

/// Finds local users who are in certain rooms.
public struct NeighbourStore: Sendable {
    /// The most rooms looked into.
    public static let roomsMax = 500
    /// The most memberships looked at; whoever has more neighbours is told of some.
    public static let membersMax = 2_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Local users who are in one of `rooms` now, at most ``membersMax``.
    public func members(of rooms: [RoomID]) async throws -> Set<UserID> {
        guard !rooms.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT user_id FROM current_membership
             WHERE room_id = ANY($1::text[]) AND is_local AND membership = 'join' LIMIT $2
            """, rooms.prefix(Self.roomsMax).map(\.rawValue), Int64(Self.membersMax))
        return Set(
            try rows.map { row in
                guard let user = UserID(try row.text("user_id")) else {
                    throw StoreError.malformedRow("current_membership.user_id")
                }
                return user
            })
    }
}
