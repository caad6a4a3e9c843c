import Events
import Identifiers
import Postgres

/// An event that has the terms looked for.
public struct SearchHit: Sendable {
    public let room: RoomID
    public let event: EventID
    /// How well it matches; the higher the better.
    public let rank: Double
    /// Where it is in the results.
    public let place: SearchPlace
}

/// A place in the results of a search: after the event that is there.
public struct SearchPlace: Sendable {
    /// What the results are ordered by first; 0 for all when they are ordered by time.
    public var score: Double
    public var at: Timestamp
    public var event: EventID

    public init(score: Double, at: Timestamp, event: EventID) {
        self.score = score
        self.at = at
        self.event = event
    }
}

/// Finds events by their terms: the `event_search` table.
public struct SearchStore: Sendable {
    /// The most hits one call returns.
    public static let hitsMax = 500
    /// Up to how many hits are counted.
    public static let countedMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The events of `rooms` that have all of `terms`, the best first or the latest.
    ///
    /// - Parameter after: where the last results ended.
    public func hits(
        for terms: SearchTerms, in rooms: [RoomID], keys: [SearchKey], byRank: Bool, after: SearchPlace?, limit: Int
    ) async throws -> [SearchHit] {
        precondition((0...Self.hitsMax).contains(limit), "a page has at most \(Self.hitsMax) hits")
        guard !terms.isEmpty, !rooms.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT * FROM (
                SELECT s.room_id, s.event_id, s.origin_server_ts, ts_rank(s.words, q.query)::float8 AS rank,
                       CASE WHEN $4 THEN ts_rank(s.words, q.query)::float8 ELSE 0 END AS score
                  FROM (SELECT $1::text::tsquery AS query) AS q
                  JOIN event_search AS s ON s.words @@ q.query
                 WHERE s.room_id = ANY($2::text[]) AND s.key = ANY($3::smallint[])) AS found
             WHERE $5::float8 IS NULL OR (score, origin_server_ts, event_id) < ($5, $6::bigint, $7::text)
             ORDER BY score DESC, origin_server_ts DESC, event_id DESC LIMIT $8
            """, terms.query, rooms.map(\.rawValue), keys.map(\.rawValue), byRank, after?.score,
            after?.at.milliseconds, after?.event.rawValue, Int64(limit))
        return try rows.map { row in
            let room = try row.identifier("room_id", as: RoomID.self)
            let event = try row.identifier("event_id", as: EventID.self)
            return SearchHit(
                room: room, event: event, rank: try row.double("rank"),
                place: SearchPlace(
                    score: try row.double("score"),
                    at: Timestamp(milliseconds: try row.int64("origin_server_ts")), event: event))
        }
    }

    /// How many events of `rooms` have all of `terms`, counted up to ``countedMax``.
    public func count(_ terms: SearchTerms, in rooms: [RoomID], keys: [SearchKey]) async throws -> Int64 {
        guard !terms.isEmpty, !rooms.isEmpty else { return 0 }
        let rows = try await database.query(
            """
            SELECT count(*) AS number FROM (
                SELECT FROM event_search AS s
                 WHERE s.words @@ $1::text::tsquery AND s.room_id = ANY($2::text[]) AND s.key = ANY($3::smallint[])
                 LIMIT $4) AS found
            """, terms.query, rooms.map(\.rawValue), keys.map(\.rawValue), Int64(Self.countedMax))
        return try rows.first?.int64("number") ?? 0
    }
}
