import Events
import Identifiers
import Postgres
import RoomRules

/// A page of one room to be read among those of others.
public struct RoomPageRequest: Sendable {
    public let room: RoomID
    public let rules: RoomVersionRules
    public let after: ShardSequence
    public let upTo: ShardSequence

    public init(room: RoomID, rules: RoomVersionRules, after: ShardSequence, upTo: ShardSequence) {
        self.room = room
        self.rules = rules
        self.after = after
        self.upTo = upTo
    }
}

extension EventStore {
    /// The newest events of each room, at most `limit` each, newest first; in one statement.
    ///
    /// - Precondition: rooms times limit is at most ``roomPagesEventsMax``.
    public func newest(of requests: [RoomPageRequest], limit: Int) async throws -> [RoomID: [StoredEvent]] {
        precondition(requests.count * limit <= Self.roomPagesEventsMax, "more events than one call returns")
        guard !requests.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT p.room_id, \(StoredEvent.columns)
              FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS p (room_id, after, up_to)
              CROSS JOIN LATERAL (
                   SELECT * FROM event
                    WHERE room_id = p.room_id AND seq > p.after AND seq <= p.up_to AND NOT rejected AND NOT soft_failed
                    ORDER BY seq DESC LIMIT $4) AS e
             ORDER BY p.room_id, e.seq DESC
            """, requests.map(\.room.rawValue), requests.map(\.after.value), requests.map(\.upTo.value), Int64(limit))
        let rules = Dictionary(requests.map { ($0.room, $0.rules) }, uniquingKeysWith: { first, _ in first })
        var pages: [RoomID: [StoredEvent]] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            guard let rules = rules[room] else { throw StoreError.malformedRow("event.room_id") }
            pages[room, default: []].append(try StoredEvent(row: row, rules: rules))
        }
        return pages
    }

    /// The most events ``newest(of:limit:)`` may return.
    public static let roomPagesEventsMax = 5_000

    /// The redacted state events of `room`, by ID.
    ///
    /// Few in any room; whoever keeps state events' bytes looks here whether they are still right.
    public func redactedState(of room: RoomID) async throws -> [EventID: (key: StateMapKey, redaction: EventID)] {
        let rows = try await database.query(
            """
            SELECT event_id, type, state_key, redacted_by FROM event
             WHERE room_id = $1 AND redacted_by IS NOT NULL AND state_key IS NOT NULL LIMIT $2
            """, room.rawValue, Int64(Self.redactedStateMax))
        var found: [EventID: (key: StateMapKey, redaction: EventID)] = [:]
        for row in rows {
            let id = try row.identifier("event_id", as: EventID.self)
            let redaction = try row.identifier("redacted_by", as: EventID.self)
            found[id] = (
                StateMapKey(
                    type: try row.byteText("type"),
                    stateKey: try row.byteText("state_key")), redaction
            )
        }
        return found
    }

    /// The most redacted state events ``redactedState(of:)`` returns.
    public static let redactedStateMax = 20_000
}
