import Identifiers
import Postgres

/// Reads which threads users want to hear of: the `thread_subscription` table.
public struct ThreadSubscriptionStore: Sendable {
    /// The most subscriptions a call returns.
    public static let pageMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// `nil` when the user never said anything of the thread.
    public func fetch(_ root: EventID, in room: RoomID, of user: UserID) async throws -> ThreadSubscription? {
        let rows = try await database.query(
            """
            SELECT \(ThreadSubscription.columns) FROM thread_subscription
             WHERE user_id = $1 AND room_id = $2 AND root_id = $3
            """, user.rawValue, room.rawValue, root.rawValue)
        return try rows.first.map { try ThreadSubscription(row: $0) }
    }

    /// What `user` last said of threads after one position and up to another, the latest first.
    ///
    /// - Parameter limit: at most ``pageMax``.
    public func changes(
        of user: UserID, after: ShardSequence, upTo: ShardSequence, limit: Int
    ) async throws -> [ThreadSubscription] {
        precondition((0...Self.pageMax).contains(limit), "a page has at most \(Self.pageMax) subscriptions")
        let rows = try await database.query(
            """
            SELECT \(ThreadSubscription.columns) FROM thread_subscription
             WHERE user_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq DESC LIMIT $4
            """, user.rawValue, after.value, upTo.value, Int64(limit))
        return try rows.map { try ThreadSubscription(row: $0) }
    }
}
