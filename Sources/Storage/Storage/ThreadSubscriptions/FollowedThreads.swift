import Identifiers
import Postgres

// Most people's clients know nothing of following threads: were all their threads ones that they do not follow, they would
// never hear of a reply again. So not following means something for those only who have ever said that they follow a
// thread, or no longer do.

/// Which of some events are in threads, and who of some users follows which of these (MSC4306).
public struct FollowedThreads: Sendable {
    private var roots: [EventID: EventID]
    /// Of the users who follow threads at all.
    private var followed: [UserID: Set<EventID>]

    fileprivate init(roots: [EventID: EventID], followed: [UserID: Set<EventID>]) {
        self.roots = roots
        self.followed = followed
    }

    /// Whether `user` follows the thread that `event` is in; `nil` when it is in none, or the user never said of any thread
    /// whether they follow it.
    public func isFollowing(_ user: UserID, _ event: EventID) -> Bool? {
        guard let root = roots[event] else { return nil }
        return followed[user]?.contains(root)
    }
}

extension PushFactStore {
    /// Users asked about in one statement.
    static let followersPerStatementMax = 1_000

    /// Which of `events`, at most `EventStore.eventsMax` and all of `room`, are in threads, and which of these `users`
    /// follow.
    public func followedThreads(
        of events: [EventID], in room: RoomID, by users: [UserID]
    ) async throws -> FollowedThreads {
        precondition(events.count <= EventStore.eventsMax, "more events are asked about than one call answers")
        var roots: [EventID: EventID] = [:]
        let threaded = try await database.query(
            "SELECT event_id, thread_id FROM event_relation WHERE event_id = ANY($1::text[]) AND thread_id IS NOT NULL",
            events.map(\.rawValue))
        for row in threaded {
            let event = try row.identifier("event_id", as: EventID.self)
            roots[event] = try row.identifier("thread_id", as: EventID.self)
        }
        var followed: [UserID: Set<EventID>] = [:]
        for start in stride(from: 0, to: roots.isEmpty ? 0 : users.count, by: Self.followersPerStatementMax) {
            let part = Array(users.dropFirst(start).prefix(Self.followersPerStatementMax))
            let found = try await rootsFollowed(among: Set(roots.values), in: room, by: part)
            followed.merge(found) { first, _ in first }
        }
        return FollowedThreads(roots: roots, followed: followed)
    }

    /// Those of `roots` that each of `users` follows who follows threads at all.
    private func rootsFollowed(
        among roots: Set<EventID>, in room: RoomID, by users: [UserID]
    ) async throws -> [UserID: Set<EventID>] {
        let rows = try await database.query(
            """
            SELECT u.user_id, s.root_id FROM unnest($1::text[]) AS u (user_id)
              LEFT JOIN thread_subscription AS s ON s.user_id = u.user_id AND s.room_id = $2
                                                AND s.root_id = ANY($3::text[]) AND s.is_subscribed
             WHERE EXISTS (SELECT FROM thread_subscription AS any_thread WHERE any_thread.user_id = u.user_id)
            """, users.map(\.rawValue), room.rawValue, roots.map(\.rawValue))
        var followed: [UserID: Set<EventID>] = [:]
        for row in rows {
            let user = try row.identifier("user_id", as: UserID.self)
            var roots = followed[user] ?? []
            if let root = try row.optionalText("root_id").flatMap({ EventID($0) }) { roots.insert(root) }
            followed[user] = roots
        }
        return followed
    }
}
