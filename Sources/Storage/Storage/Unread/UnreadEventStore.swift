import Events
import Identifiers
import Postgres
import RoomRules

/// An event somebody has not read.
public struct UnreadEvent: Sendable {
    public let stored: StoredEvent
    /// The root of the thread it is in; `nil`: the main timeline.
    public let thread: EventID?
    /// Whether its reader follows that thread; as ``FollowedThreads/isFollowing(_:_:)``.
    public let isThreadSubscribed: Bool?
}

extension UnreadStore {
    /// The most events of a room that are gone through one by one, the newest.
    public static let eventsMax = 1_000

    /// What `user` has not read of a room, the newest first, at most ``eventsMax``; redacted events are left out, and
    /// those of `ignored` and the user.
    ///
    /// - Parameter onlyFollowed: only events in threads that the user follows.
    public func events(
        in request: UnreadRequest, for user: UserID, ignoring ignored: [UserID], onlyFollowed: Bool = false,
        rules: RoomVersionRules
    ) async throws -> [UnreadEvent] {
        let rows = try await database.query(
            """
            WITH \(Self.marks)
            SELECT \(StoredEvent.columns), r.thread_id,
                   CASE WHEN r.thread_id IS NOT NULL
                         AND EXISTS (SELECT FROM thread_subscription AS any_thread WHERE any_thread.user_id = $4)
                        THEN coalesce(s.is_subscribed, false) END AS is_followed
              FROM p
             CROSS JOIN LATERAL (
                   SELECT * FROM event
                    WHERE room_id = p.room_id AND seq > p.read_up_to AND seq <= p.up_to AND NOT rejected
                      AND NOT soft_failed AND redacted_by IS NULL AND sender <> ALL($5::text[])
                    ORDER BY seq DESC LIMIT $6) AS e
              LEFT JOIN event_relation AS r ON r.event_id = e.event_id
              LEFT JOIN read_thread AS k ON k.room_id = p.room_id AND k.thread_id = r.thread_id
              LEFT JOIN thread_subscription AS s ON s.user_id = $4 AND s.room_id = p.room_id
                                                AND s.root_id = r.thread_id
             WHERE CASE WHEN r.thread_id IS NULL THEN e.seq > p.main_up_to ELSE e.seq > coalesce(k.up_to, 0) END
               AND (coalesce(s.is_subscribed, false) OR NOT $7)
             ORDER BY e.seq DESC
            """,
            [
                [request.room.rawValue], [request.joinedAt.value], [request.upTo.value], user.rawValue,
                [user.rawValue] + ignored.map(\.rawValue), Int64(Self.eventsMax), onlyFollowed,
            ])
        return try rows.map { row in
            UnreadEvent(
                stored: try StoredEvent(row: row, rules: rules),
                thread: try row.optionalText("thread_id").flatMap { EventID($0) },
                isThreadSubscribed: try row.optionalBool("is_followed"))
        }
    }

    /// Those of `rooms` with threads that `user` follows; `nil` when the user does not follow threads one by one.
    public func roomsWithFollowedThreads(among rooms: [RoomID], of user: UserID) async throws -> Set<RoomID>? {
        guard !rooms.isEmpty else { return nil }
        let rows = try await database.query(
            """
            SELECT room_id, EXISTS (SELECT FROM thread_subscription AS s
                                     WHERE s.user_id = $2 AND s.room_id = r.room_id AND s.is_subscribed) AS has_followed
              FROM unnest($1::text[]) AS r (room_id)
             WHERE EXISTS (SELECT FROM thread_subscription AS any_thread WHERE any_thread.user_id = $2)
            """, rooms.map(\.rawValue), user.rawValue)
        guard !rows.isEmpty else { return nil }
        return Set(
            try rows.compactMap { row in
                guard try row.bool("has_followed") else { return nil }
                return try row.identifier("room_id", as: RoomID.self)
            })
    }
}
