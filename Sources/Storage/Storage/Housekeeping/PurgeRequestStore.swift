import Identifiers
import Postgres

/// Rooms whose old messages an operator wants gone: the `purge_request` table.
public struct PurgeRequestStore: Sendable {
    /// The most requests that wait; more are refused.
    public static let waitingMax = 1_000

    /// One that is not finished.
    public struct Request: Sendable, Equatable {
        public let id: Int64
        public let room: RoomID
        public let before: Timestamp
        /// How far the room has been gone through.
        public let after: ShardSequence
    }

    public enum Outcome: Sendable, Equatable {
        case requested(id: Int64)
        case unknownRoom
        case tooMany
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Asks for the messages of `room` from before a moment to be deleted.
    public func request(_ room: RoomID, before: Timestamp, at now: Timestamp) async throws -> Outcome {
        let rows = try await database.query(
            """
            WITH known AS (SELECT room_id FROM room WHERE room_id = $1), made AS (
                INSERT INTO purge_request (room_id, before_ms, requested_at_ms)
                SELECT room_id, $2, $3 FROM known
                 WHERE (SELECT count(*) FROM purge_request WHERE finished_at_ms IS NULL) < $4
                RETURNING purge_id)
            SELECT EXISTS (SELECT FROM known) AS is_known, (SELECT purge_id FROM made) AS id
            """, room.rawValue, before.milliseconds, now.milliseconds, Int64(Self.waitingMax))
        guard let row = rows.first, try row.bool("is_known") else { return .unknownRoom }
        return try row.optionalInt64("id").map { .requested(id: $0) } ?? .tooMany
    }

    /// The oldest request that is not finished.
    public func next() async throws -> Request? {
        let rows = try await database.query(
            """
            SELECT purge_id, room_id, before_ms, after_seq FROM purge_request
             WHERE finished_at_ms IS NULL ORDER BY purge_id LIMIT 1
            """)
        guard let row = rows.first else { return nil }
        let room = try row.identifier("room_id", as: RoomID.self)
        return Request(
            id: try row.int64("purge_id"), room: room, before: Timestamp(milliseconds: try row.int64("before_ms")),
            after: ShardSequence(try row.int64("after_seq")))
    }

    /// Writes down what a step has done.
    public func advance(_ request: Request, by step: EventPurge.Step, at now: Timestamp) async throws {
        try await database.query(
            """
            UPDATE purge_request SET purged = purged + $2, after_seq = coalesce($3::bigint, after_seq),
                   finished_at_ms = CASE WHEN $3::bigint IS NULL THEN $4::bigint END
             WHERE purge_id = $1
            """, request.id, Int64(step.purged), step.next?.value, now.milliseconds)
    }

    /// How many events a request has deleted, and whether it is finished; `nil` when there is none with this ID.
    public func progress(_ id: Int64) async throws -> (purged: Int, isFinished: Bool)? {
        let rows = try await database.query(
            "SELECT purged, finished_at_ms IS NOT NULL AS is_finished FROM purge_request WHERE purge_id = $1", id)
        return try rows.first.map { (Int(try $0.int64("purged")), try $0.bool("is_finished")) }
    }
}
