import Identifiers
import Postgres

/// What somebody has not read.
public struct UnreadCounts: Sendable, Equatable {
    public var notifications: Int64
    /// Of those, the ones that single the reader out.
    public var highlights: Int64

    public init(notifications: Int64, highlights: Int64) {
        self.notifications = max(0, notifications)
        self.highlights = max(0, highlights)
    }

    public static func + (left: UnreadCounts, right: UnreadCounts) -> UnreadCounts {
        UnreadCounts(
            notifications: left.notifications + right.notifications, highlights: left.highlights + right.highlights)
    }
}

/// What somebody has not read of one room.
public struct RoomUnread: Sendable, Equatable {
    /// Of the main timeline.
    public var main: UnreadCounts
    /// Of all threads together.
    public var inThreads: UnreadCounts
    /// Thread by thread, where there is something unread.
    public var threads: [EventID: UnreadCounts]

    /// Everything is read unless something else is said.
    public init(
        main: UnreadCounts = UnreadCounts(notifications: 0, highlights: 0),
        inThreads: UnreadCounts = UnreadCounts(notifications: 0, highlights: 0),
        threads: [EventID: UnreadCounts] = [:]
    ) {
        self.main = main
        self.inThreads = inThreads
        self.threads = threads
    }

    public var total: UnreadCounts { main + inThreads }
}

/// A room whose unread events somebody wants counted.
public struct UnreadRequest: Sendable {
    public let room: RoomID
    /// Where the reader came into the room; what was before has not to be read.
    public let joinedAt: ShardSequence
    public let upTo: ShardSequence

    public init(room: RoomID, joinedAt: ShardSequence, upTo: ShardSequence) {
        self.room = room
        self.joinedAt = joinedAt
        self.upTo = upTo
    }
}

// A count is the ordinal at the end less the ordinal where the reader has read up to, for all senders, less the same
// difference for each sender who does not count: themselves and those they ignore. So it costs the same for ten unread
// events and for a million, and a receipt writes its own row only.
//
// Read is, of the main timeline, what is before the furthest receipt without a thread or for "main"; of a thread, what is
// before the furthest without a thread or for that thread. All threads together are all events less those of the main
// timeline, less what receipts for single threads cover beyond the one without.

/// Counts what users have not read.
public struct UnreadStore: Sendable {
    /// Up to how many redacted and highlighted events of a room are looked at.
    public static let singledOutMax = 1_000
    /// The most threads of a room that are counted one by one, the latest.
    public static let threadsMax = 100

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Where the reader has read up to, in each room: `read_up_to` everywhere, `main_up_to` in the main timeline.
    static let marks = """
        p AS (
            SELECT p.room_id, p.up_to, greatest(p.joined_at, mark.everywhere) AS read_up_to,
                   greatest(p.joined_at, mark.everywhere, mark.main) AS main_up_to
              FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS p (room_id, joined_at, up_to)
             CROSS JOIN LATERAL (
                   SELECT max(r.event_seq) FILTER (WHERE r.thread_id = '') AS everywhere,
                          max(r.event_seq) FILTER (WHERE r.thread_id = 'main') AS main
                     FROM receipt AS r
                    WHERE r.room_id = p.room_id AND r.user_id = $4 AND r.type IN ('m.read', 'm.read.private')
                   ) AS mark),
        read_thread AS (
            SELECT p.room_id, r.thread_id, p.read_up_to, least(max(r.event_seq), p.up_to) AS up_to
              FROM p
              JOIN receipt AS r ON r.room_id = p.room_id AND r.user_id = $4 AND r.event_seq > p.read_up_to
                               AND r.type IN ('m.read', 'm.read.private') AND r.thread_id NOT IN ('', 'main')
             GROUP BY p.room_id, r.thread_id, p.read_up_to, p.up_to)
        """

    /// What `user` has not read of each of `rooms`.
    ///
    /// - Parameters:
    ///   - ignored: whose events do not count.
    ///   - listsThreads: whether threads are wanted one by one.
    public func counts(
        in rooms: [UnreadRequest], for user: UserID, ignoring ignored: [UserID], listsThreads: Bool
    ) async throws -> [RoomID: RoomUnread] {
        guard !rooms.isEmpty else { return [:] }
        let parameters: [any PostgresParameter] = [
            rooms.map(\.room.rawValue), rooms.map(\.joinedAt.value), rooms.map(\.upTo.value), user.rawValue,
            [user.rawValue] + ignored.map(\.rawValue), Int64(Self.singledOutMax),
        ]
        async let threads = listsThreads ? threadCounts(parameters) : [:]
        let rows = try await database.query(
            """
            WITH \(Self.marks)
            SELECT p.room_id, e.main - m.main - redacted.main + highlight.main_extra AS main,
                   (e.total - e.main) - (u.total - u.main) - coalesce(done.number, 0) - redacted.threads
                       + highlight.thread_extra AS threads,
                   highlight.main AS main_highlights, highlight.threads AS thread_highlights
              FROM p
             CROSS JOIN LATERAL countable_up_to(p.room_id, p.up_to, $5::text[]) AS e
             CROSS JOIN LATERAL countable_up_to(p.room_id, p.read_up_to, $5::text[]) AS u
             CROSS JOIN LATERAL countable_up_to(p.room_id, p.main_up_to, $5::text[]) AS m
             CROSS JOIN LATERAL (
                   SELECT sum(countable_in_thread(k.room_id, k.thread_id, k.up_to, $5::text[])
                              - countable_in_thread(k.room_id, k.thread_id, k.read_up_to, $5::text[]))::bigint AS number
                     FROM read_thread AS k WHERE k.room_id = p.room_id) AS done
             CROSS JOIN LATERAL (
                   SELECT count(*) FILTER (WHERE c.thread_id = '' AND c.seq > p.main_up_to) AS main,
                          count(*) FILTER (WHERE c.thread_id <> '' AND c.seq > coalesce(k.up_to, 0)) AS threads
                     FROM (SELECT c.thread_id, c.seq FROM countable_event AS c
                            WHERE c.room_id = p.room_id AND c.is_redacted AND c.seq > p.read_up_to
                              AND c.seq <= p.up_to AND c.sender <> ALL($5::text[]) LIMIT $6) AS c
                     LEFT JOIN read_thread AS k ON k.room_id = p.room_id AND k.thread_id = c.thread_id) AS redacted
             CROSS JOIN LATERAL (
                   SELECT count(*) FILTER (WHERE h.is_main) AS main, count(*) FILTER (WHERE h.is_threaded) AS threads,
                          count(*) FILTER (WHERE h.is_main AND NOT h.is_countable) AS main_extra,
                          count(*) FILTER (WHERE h.is_threaded AND NOT h.is_countable) AS thread_extra
                     FROM (SELECT h.is_countable, h.thread_id = '' AND h.seq > p.main_up_to AS is_main,
                                  h.thread_id <> '' AND h.seq > coalesce(k.up_to, 0) AS is_threaded
                             FROM (SELECT DISTINCT h.seq, h.thread_id, h.is_countable FROM event_highlight AS h
                                    WHERE h.room_id = p.room_id AND h.user_id IN ($4, '') AND h.seq > p.read_up_to
                                      AND h.seq <= p.up_to AND h.sender <> ALL($5::text[]) LIMIT $6) AS h
                             LEFT JOIN read_thread AS k ON k.room_id = p.room_id AND k.thread_id = h.thread_id) AS h
                   ) AS highlight
            """, parameters)
        let byThread = try await threads
        var counts: [RoomID: RoomUnread] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            counts[room] = RoomUnread(
                main: UnreadCounts(
                    notifications: try row.int64("main"), highlights: try row.int64("main_highlights")),
                inThreads: UnreadCounts(
                    notifications: try row.int64("threads"), highlights: try row.int64("thread_highlights")),
                threads: byThread[room] ?? [:])
        }
        return counts
    }

    private func threadCounts(
        _ parameters: [any PostgresParameter]
    ) async throws -> [RoomID: [EventID: UnreadCounts]] {
        let rows = try await database.query(
            """
            WITH \(Self.marks),
            active AS (
                SELECT p.room_id, p.up_to, t.root_id, greatest(p.read_up_to, k.up_to) AS thread_up_to
                  FROM p
                 CROSS JOIN LATERAL (
                       SELECT t.root_id FROM thread AS t
                        WHERE t.room_id = p.room_id AND t.event_count > 0 AND t.latest_seq > p.read_up_to
                        ORDER BY t.latest_seq DESC LIMIT $7) AS t
                  LEFT JOIN read_thread AS k ON k.room_id = p.room_id AND k.thread_id = t.root_id)
            SELECT * FROM (
                SELECT a.room_id, a.root_id,
                       countable_in_thread(a.room_id, a.root_id, a.up_to, $5::text[])
                       - countable_in_thread(a.room_id, a.root_id, a.thread_up_to, $5::text[])
                       - (SELECT count(*) FROM (
                             SELECT FROM countable_event AS c
                              WHERE c.room_id = a.room_id AND c.is_redacted AND c.thread_id = a.root_id
                                AND c.seq > a.thread_up_to AND c.seq <= a.up_to AND c.sender <> ALL($5::text[])
                              LIMIT $6) AS few) + highlight.extra AS notifications, highlight.total AS highlights
                  FROM active AS a
                 CROSS JOIN LATERAL (
                       SELECT count(*) AS total, count(*) FILTER (WHERE NOT is_countable) AS extra FROM (
                             SELECT DISTINCT h.seq, h.is_countable FROM event_highlight AS h
                              WHERE h.room_id = a.room_id AND h.user_id IN ($4, '') AND h.thread_id = a.root_id
                                AND h.seq > a.thread_up_to AND h.seq <= a.up_to AND h.sender <> ALL($5::text[])
                              LIMIT $6) AS few) AS highlight) AS counted
             WHERE notifications > 0
            """, parameters + [Int64(Self.threadsMax)])
        var counts: [RoomID: [EventID: UnreadCounts]] = [:]
        for row in rows {
            let root = try row.identifier("root_id", as: EventID.self)
            let room = try row.identifier("room_id", as: RoomID.self)
            counts[room, default: [:]][root] = UnreadCounts(
                notifications: try row.int64("notifications"), highlights: try row.int64("highlights"))
        }
        return counts
    }
}
