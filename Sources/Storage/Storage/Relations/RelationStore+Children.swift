import Events
import Identifiers
import Postgres

/// Which of the events that relate to one are asked for.
public struct RelationQuery: Sendable {
    public var parent: EventID
    /// `nil`: any.
    public var relationType: String?
    /// `nil`: any.
    public var eventType: String?
    /// How many relations may lie between the parent and an event.
    public var depth: Int
    /// Exclusive.
    public var after: ShardSequence
    /// Inclusive.
    public var upTo: ShardSequence
    public var direction: EventStore.Direction

    public init(
        parent: EventID, relationType: String?, eventType: String?, depth: Int, after: ShardSequence,
        upTo: ShardSequence, direction: EventStore.Direction
    ) {
        self.parent = parent
        self.relationType = relationType
        self.eventType = eventType
        self.depth = depth
        self.after = after
        self.upTo = upTo
        self.direction = direction
    }
}

extension RelationStore {
    /// The most events ``children(_:for:limit:)`` returns.
    public static let childrenMax = 500

    /// The events that relate to one and that `reader` may see, in the order asked for.
    public func children(
        _ query: RelationQuery, for reader: RelationReader, limit: Int
    ) async throws -> [(event: EventID, position: ShardSequence)] {
        precondition((0...Self.childrenMax).contains(limit), "a page has at most \(Self.childrenMax) events")
        let order = query.direction == .backward ? "DESC" : "ASC"
        let rows = try await database.query(
            """
            WITH RECURSIVE related AS (
                SELECT r.event_id, r.seq, r.rel_type, r.type, r.sender, 1 AS depth FROM event_relation AS r
                 WHERE r.parent_id = $1 AND r.room_id = $2
                 UNION
                SELECT r.event_id, r.seq, r.rel_type, r.type, r.sender, related.depth + 1 FROM related
                  JOIN event_relation AS r ON r.parent_id = related.event_id AND r.room_id = $2
                 WHERE related.depth < $3)
            SELECT event_id, min(seq) AS seq FROM related
             WHERE ($4::bytea IS NULL OR rel_type = $4) AND ($5::bytea IS NULL OR type = $5)
               AND seq > $6 AND seq <= $7 AND seq <@ $8::text::int8multirange AND sender <> ALL($9::text[])
             GROUP BY event_id ORDER BY 2 \(order) LIMIT $10
            """, query.parent.rawValue, reader.room.rawValue, Int32(query.depth),
            query.relationType.map { Array($0.utf8) }, query.eventType.map { Array($0.utf8) }, query.after.value,
            query.upTo.value, reader.visible.text, reader.ignored.map(\.rawValue), Int64(limit))
        return try rows.map { row in
            (try row.identifier("event_id", as: EventID.self), ShardSequence(try row.int64("seq")))
        }
    }

    /// An annotation of `parent` by `sender` that says `key`, and the transaction it was sent with.
    public func annotation(
        of parent: EventID, by sender: UserID, type: String, key: String
    ) async throws -> (event: EventID, device: DeviceID?, transaction: String?)? {
        let rows = try await database.query(
            """
            SELECT r.event_id, e.sender_device, e.sender_txn
              FROM event_relation AS r JOIN event AS e ON e.event_id = r.event_id
             WHERE r.parent_id = $1 AND r.rel_type = 'm.annotation' AND r.sender = $2 AND r.type = $3 AND r.key = $4
             LIMIT 1
            """, parent.rawValue, sender.rawValue, Array(type.utf8), Array(key.utf8))
        guard let row = rows.first else { return nil }
        return (
            try row.identifier("event_id", as: EventID.self),
            try row.optionalText("sender_device").flatMap { DeviceID($0) },
            try row.optionalByteText("sender_txn")
        )
    }

    /// Whether `event` relates to another.
    public func isChild(_ event: EventID) async throws -> Bool {
        try await !database.query("SELECT FROM event_relation WHERE event_id = $1", event.rawValue).isEmpty
    }

    /// The root of the thread `event` is in; `nil` in the main timeline.
    public func thread(of event: EventID) async throws -> EventID? {
        let rows = try await database.query(
            "SELECT thread_id FROM event_relation WHERE event_id = $1", event.rawValue)
        return try rows.first.flatMap { try $0.optionalText("thread_id").flatMap { EventID($0) } }
    }
}
