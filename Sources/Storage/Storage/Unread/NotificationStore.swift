import Identifiers
import Postgres

/// An event that a user was notified of.
public struct Notification: Sendable {
    public let room: RoomID
    public let event: EventID
    public let at: Timestamp
    public let isHighlight: Bool
    public let isRead: Bool
    /// Whether the user follows the thread it is in; as ``FollowedThreads/isFollowing(_:_:)``.
    public let isThreadSubscribed: Bool?
}

/// Lists what a user was notified of, from the events that count.
public struct NotificationStore: Sendable {
    /// The most notifications one call returns.
    public static let notificationsMax = 100
    /// The most rooms that are looked into, those the user came into last.
    public static let roomsMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// What `user` was notified of in the rooms they are in, the latest first.
    ///
    /// - Parameters:
    ///   - ignored: whose events do not notify.
    ///   - onlyHighlights: only events that single the user out.
    ///   - before: where the last page ended.
    public func notifications(
        of user: UserID, ignoring ignored: [UserID], onlyHighlights: Bool, before: (at: Timestamp, event: EventID)?,
        limit: Int
    ) async throws -> [Notification] {
        precondition((0...Self.notificationsMax).contains(limit), "a page has at most \(Self.notificationsMax)")
        let rows = try await database.query(
            """
            WITH room AS (
                SELECT h.room_id, h.seq AS joined_at FROM (
                    SELECT DISTINCT ON (room_id) room_id, seq, membership FROM membership_history
                     WHERE user_id = $1 ORDER BY room_id, seq DESC) AS h
                 WHERE h.membership = 'join' ORDER BY h.seq DESC LIMIT $7),
            any_thread AS (SELECT EXISTS (SELECT FROM thread_subscription WHERE user_id = $1) AS is_there)
            SELECT n.* FROM room AS p
             CROSS JOIN LATERAL (
                   SELECT p.room_id, e.event_id, e.origin_server_ts, highlight.is_there AS is_highlight,
                          c.seq <= coalesce((
                              SELECT max(r.event_seq) FROM receipt AS r
                               WHERE r.room_id = p.room_id AND r.user_id = $1
                                 AND r.type IN ('m.read', 'm.read.private')
                                 AND (r.thread_id = '' OR r.thread_id = coalesce(nullif(c.thread_id, ''), 'main'))
                              ), 0) AS is_read,
                          CASE WHEN c.thread_id <> '' AND (SELECT is_there FROM any_thread)
                               THEN coalesce(s.is_subscribed, false) END AS is_followed
                     FROM countable_event AS c
                     JOIN event AS e ON e.shard = c.shard AND e.seq = c.seq
                     LEFT JOIN thread_subscription AS s ON s.user_id = $1 AND s.room_id = p.room_id
                                                       AND s.root_id = c.thread_id
                    CROSS JOIN LATERAL (
                          SELECT EXISTS (SELECT FROM event_highlight AS h
                                          WHERE h.room_id = p.room_id AND h.user_id IN ($1, '') AND h.seq = c.seq)
                                 AS is_there) AS highlight
                    WHERE c.room_id = p.room_id AND c.seq > p.joined_at AND NOT c.is_redacted
                      AND c.sender <> ALL($2::text[]) AND (highlight.is_there OR NOT $3)
                      AND ($4::bigint IS NULL OR (e.origin_server_ts, e.event_id) < ($4, $5::text))
                    ORDER BY c.seq DESC LIMIT $6) AS n
             ORDER BY n.origin_server_ts DESC, n.event_id DESC LIMIT $6
            """, user.rawValue, [user.rawValue] + ignored.map(\.rawValue), onlyHighlights, before?.at.milliseconds,
            before?.event.rawValue, Int64(limit), Int64(Self.roomsMax))
        return try rows.map { row in
            let room = try row.identifier("room_id", as: RoomID.self)
            let event = try row.identifier("event_id", as: EventID.self)
            return Notification(
                room: room, event: event, at: Timestamp(milliseconds: try row.int64("origin_server_ts")),
                isHighlight: try row.bool("is_highlight"), isRead: try row.bool("is_read"),
                isThreadSubscribed: try row.optionalBool("is_followed"))
        }
    }
}
