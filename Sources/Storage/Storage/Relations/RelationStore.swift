import ClientAPI
import Events
import Identifiers
import Postgres

/// What the events that relate to one event come to for one reader.
public struct RelationSummary: Sendable {
    /// The latest valid replacement.
    public let edit: EventID?
    public let thread: Thread?
    /// Events that refer to it, oldest first.
    public var references: [EventID] = []

    public struct Thread: Sendable {
        public let latest: EventID
        /// Exact for readers who see the whole thread.
        public let count: Int64
        /// Whether the reader began the thread or sent an event in it.
        public let hasParticipated: Bool
    }
}

/// Who reads relations, and what of a room.
public struct RelationReader: Sendable {
    public let room: RoomID
    public let user: UserID
    public let visible: VisibleRanges
    /// Whose events are as if they were not there.
    public let ignored: [UserID]

    public init(room: RoomID, user: UserID, visible: VisibleRanges, ignored: [UserID]) {
        self.room = room
        self.user = user
        self.visible = visible
        self.ignored = ignored
    }
}

/// Reads which events relate to which: the `event_relation` table.
public struct RelationStore: Sendable {
    /// The most parents one call summarises.
    public static let parentsMax = 1_000
    /// The most references of one event that are named.
    public static let referencesMax = 100
    /// Up to how many events a thread is counted for readers who do not see all of it.
    public static let countedMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Those of `events` that something relates to.
    public func parents(among events: [EventID]) async throws -> Set<EventID> {
        guard !events.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT p.event_id FROM unnest($1::text[]) AS p (event_id)
             WHERE EXISTS (SELECT FROM event_relation AS r WHERE r.parent_id = p.event_id)
            """, events.map(\.rawValue))
        return Set(try rows.compactMap { try $0.optionalText("event_id").flatMap { EventID($0) } })
    }

    /// Those of `events`, at most ``parentsMax``, to which nothing relates as `filter` demands; none without a filter.
    public func missing(_ filter: RelatedFilter?, among events: [EventID]) async throws -> Set<EventID> {
        guard let filter, !events.isEmpty else { return [] }
        precondition(events.count <= Self.parentsMax, "more events are asked for at once than one call returns")
        let rows = try await database.query(
            """
            SELECT p.event_id FROM unnest($1::text[]) AS p (event_id)
             WHERE NOT EXISTS (SELECT FROM event_relation AS r WHERE r.parent_id = p.event_id
                                  AND ($2::bytea[] IS NULL OR r.rel_type = ANY ($2::bytea[]))
                                  AND ($3::text[] IS NULL OR r.sender = ANY ($3::text[])))
            """, events.map(\.rawValue), filter.types.map { $0.map { Array($0.utf8) } },
            filter.senders.map { $0.map(\.rawValue) })
        return Set(try rows.compactMap { try $0.optionalText("event_id").flatMap { EventID($0) } })
    }

    /// What relates to each of `parents` and `reader` may see; those to which nothing does are left out.
    public func summaries(
        of parents: [StoredEvent], for reader: RelationReader
    ) async throws -> [EventID: RelationSummary] {
        precondition(parents.count <= Self.parentsMax, "more events are asked for at once than one call returns")
        guard !parents.isEmpty else { return [:] }
        async let references = references(to: parents.map(\.event.id), for: reader)
        let rows = try await database.query(
            """
            SELECT p.event_id, edit.event_id AS edit_id, latest.event_id AS latest_id,
                   p.sender = $4 OR own.is_there AS has_participated,
                   CASE WHEN p.is_whole THEN known.number ELSE seen.number END AS number
              FROM unnest($1::text[], $2::text[], $3::bytea[], $7::boolean[]) AS p (event_id, sender, type, is_whole)
              LEFT JOIN LATERAL (
                   SELECT r.event_id FROM event_relation AS r
                    WHERE r.parent_id = p.event_id AND r.rel_type = 'm.replace' AND r.sender = p.sender
                      AND r.room_id = $5 AND r.replaces AND r.type = p.type AND r.seq <@ $6::text::int8multirange
                    ORDER BY r.origin_server_ts DESC, r.event_id DESC LIMIT 1) AS edit ON true
              LEFT JOIN LATERAL (
                   SELECT r.event_id FROM event_relation AS r
                    WHERE r.parent_id = p.event_id AND r.rel_type = 'm.thread' AND r.room_id = $5
                      AND r.seq <@ $6::text::int8multirange AND r.sender <> ALL($8::text[])
                    ORDER BY r.seq DESC LIMIT 1) AS latest ON true
              LEFT JOIN LATERAL (
                   SELECT EXISTS (SELECT FROM event_relation AS r
                                   WHERE r.parent_id = p.event_id AND r.rel_type = 'm.thread' AND r.sender = $4
                                     AND r.room_id = $5) AS is_there
                    WHERE latest.event_id IS NOT NULL) AS own ON true
              LEFT JOIN LATERAL (
                   SELECT t.event_count - (
                              SELECT count(*) FROM event_relation AS r
                               WHERE r.parent_id = p.event_id AND r.rel_type = 'm.thread' AND r.room_id = $5
                                 AND r.sender = ANY($8::text[])) AS number
                     FROM thread AS t
                    WHERE latest.event_id IS NOT NULL AND p.is_whole AND t.room_id = $5 AND t.root_id = p.event_id
                   ) AS known ON true
              LEFT JOIN LATERAL (
                   SELECT count(*) AS number FROM (
                       SELECT FROM event_relation AS r
                        WHERE r.parent_id = p.event_id AND r.rel_type = 'm.thread' AND r.room_id = $5
                          AND r.seq <@ $6::text::int8multirange AND r.sender <> ALL($8::text[]) LIMIT $9) AS few
                    WHERE latest.event_id IS NOT NULL AND NOT p.is_whole) AS seen ON true
             WHERE edit.event_id IS NOT NULL OR latest.event_id IS NOT NULL
            """, parents.map(\.event.id.rawValue), parents.map(\.event.sender.rawValue),
            parents.map { Array($0.event.type.utf8) }, reader.user.rawValue, reader.room.rawValue,
            reader.visible.text, parents.map { reader.visible.isWhole(after: $0.position) },
            reader.ignored.map(\.rawValue), Int64(Self.countedMax))
        var summaries: [EventID: RelationSummary] = [:]
        for row in rows {
            let thread = try row.optionalText("latest_id").flatMap { EventID($0) }.map { latest in
                RelationSummary.Thread(
                    latest: latest, count: try row.optionalInt64("number") ?? 1,
                    hasParticipated: try row.optionalBool("has_participated") ?? false)
            }
            summaries[try row.identifier("event_id", as: EventID.self)] = RelationSummary(
                edit: try row.optionalText("edit_id").flatMap { EventID($0) }, thread: thread)
        }
        for (parent, events) in try await references {
            summaries[parent, default: RelationSummary(edit: nil, thread: nil)].references = events
        }
        return summaries
    }

    private func references(
        to parents: [EventID], for reader: RelationReader
    ) async throws -> [EventID: [EventID]] {
        let rows = try await database.query(
            """
            SELECT p.event_id AS parent_id, r.event_id
              FROM unnest($1::text[]) AS p (event_id)
             CROSS JOIN LATERAL (
                   SELECT r.event_id, r.seq FROM event_relation AS r
                    WHERE r.parent_id = p.event_id AND r.rel_type = 'm.reference' AND r.room_id = $2
                      AND r.seq <@ $3::text::int8multirange AND r.sender <> ALL($4::text[])
                    ORDER BY r.seq LIMIT $5) AS r
             ORDER BY p.event_id, r.seq
            """, parents.map(\.rawValue), reader.room.rawValue, reader.visible.text, reader.ignored.map(\.rawValue),
            Int64(Self.referencesMax))
        var found: [EventID: [EventID]] = [:]
        for row in rows {
            let parent = try row.identifier("parent_id", as: EventID.self)
            found[parent, default: []].append(try row.identifier("event_id", as: EventID.self))
        }
        return found
    }
}
