import Events
import Identifiers
import Postgres
import RoomRules

/// An event somebody has not read.
public struct UnreadEvent: Sendable {
    public let stored: StoredEvent
    /// The root of the thread it is in; `nil`: the main timeline.
    public let thread: EventID?
}

extension UnreadStore {
    /// The most events of a room that are gone through one by one, the newest.
    public static let eventsMax = 1_000

    /// What `user` has not read of a room, the newest first, at most ``eventsMax``; redacted events are left out, and
    /// those of `ignored` and the user.
    public func events(
        in request: UnreadRequest, for user: UserID, ignoring ignored: [UserID], rules: RoomVersionRules
    ) async throws -> [UnreadEvent] {
        let rows = try await database.query(
            """
            WITH \(Self.marks)
            SELECT \(StoredEvent.columns), r.thread_id FROM p
             CROSS JOIN LATERAL (
                   SELECT * FROM event
                    WHERE room_id = p.room_id AND seq > p.read_up_to AND seq <= p.up_to AND NOT rejected
                      AND NOT soft_failed AND redacted_by IS NULL AND sender <> ALL($5::text[])
                    ORDER BY seq DESC LIMIT $6) AS e
              LEFT JOIN event_relation AS r ON r.event_id = e.event_id
              LEFT JOIN read_thread AS k ON k.room_id = p.room_id AND k.thread_id = r.thread_id
             WHERE CASE WHEN r.thread_id IS NULL THEN e.seq > p.main_up_to ELSE e.seq > coalesce(k.up_to, 0) END
             ORDER BY e.seq DESC
            """,
            [
                [request.room.rawValue], [request.joinedAt.value], [request.upTo.value], user.rawValue,
                [user.rawValue] + ignored.map(\.rawValue), Int64(Self.eventsMax),
            ])
        return try rows.map { row in
            UnreadEvent(
                stored: try StoredEvent(row: row, rules: rules),
                thread: try row.optionalText("thread_id").flatMap { EventID($0) })
        }
    }
}
