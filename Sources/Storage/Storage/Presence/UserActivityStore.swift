import Identifiers
import Postgres

/// When users were last active, to the hour: all that is stored of presence.
public struct UserActivityStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Stores that users were active some time ago; never goes back.
    public func set(_ activities: [(user: UserID, ago: Duration)]) async throws {
        try await database.query(
            """
            INSERT INTO user_activity (user_id, active_at)
            SELECT user_id, now() - ago * interval '1 second'
              FROM unnest($1::text[], $2::bigint[]) AS active (user_id, ago)
                ON CONFLICT (user_id) DO UPDATE SET active_at = greatest(user_activity.active_at, excluded.active_at)
            """, activities.map(\.user.rawValue), activities.map(\.ago.components.seconds))
    }

    /// How long ago `user` was active, about; `nil` when that is not known.
    public func activeAgo(_ user: UserID) async throws -> Duration? {
        let rows = try await database.query(
            """
            SELECT greatest(0, extract(epoch FROM now() - active_at))::bigint AS ago FROM user_activity
             WHERE user_id = $1
            """, user.rawValue)
        return try rows.first.map { .seconds(try $0.int64("ago")) }
    }
}
