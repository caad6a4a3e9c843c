import Identifiers
import Postgres

/// Something a user reported to the administrators.
public struct Report: Sendable, Equatable {
    public var reporter: UserID
    public var room: RoomID?
    public var event: EventID?
    /// The reported user, or who sent the event.
    public var user: UserID?
    public var reason: String
    public var score: Int32?

    public init(
        reporter: UserID, room: RoomID? = nil, event: EventID? = nil, user: UserID? = nil, reason: String,
        score: Int32? = nil
    ) {
        self.reporter = reporter
        self.room = room
        self.event = event
        self.user = user
        self.reason = reason
        self.score = score
    }
}

/// What users reported: the `report` table.
public struct ReportStore: Sendable {
    /// The most reports of one user in ``windowMs``.
    public static let reportsPerUserMax = 100
    public static let windowMs: Int64 = 3_600_000
    /// The most reports of a page.
    public static let pageMax = 100

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Stores a report; `false` when its reporter has made as many as they may.
    public func insert(_ report: Report, at now: Timestamp) async throws -> Bool {
        let rows = try await database.query(
            """
            INSERT INTO report (reported_at_ms, reporter, room_id, event_id, user_id, reason, score)
            SELECT $1::bigint, $2::text, $3::text, $4::text, $5::text, $6::bytea, $7::integer
             WHERE (SELECT count(*) FROM report WHERE reporter = $2 AND reported_at_ms > $1::bigint - $8::bigint)
                   < $9::bigint
            RETURNING report_id
            """,
            now.milliseconds, report.reporter.rawValue, report.room?.rawValue, report.event?.rawValue,
            report.user?.rawValue, Array(report.reason.utf8), report.score, Self.windowMs,
            Int64(Self.reportsPerUserMax))
        return !rows.isEmpty
    }

    /// The newest reports before `before`, newest first, at most ``pageMax``.
    ///
    /// - Parameter before: the ID of the last report of the page before; `nil` for the first.
    public func page(before: Int64?) async throws -> [(id: Int64, at: Timestamp, report: Report)] {
        let rows = try await database.query(
            """
            SELECT report_id, reported_at_ms, reporter, room_id, event_id, user_id, reason, score FROM report
             WHERE report_id < $1 ORDER BY report_id DESC LIMIT $2
            """,
            before ?? Int64.max, Int64(Self.pageMax))
        return try rows.map { row in
            let reporter = try row.identifier("reporter", as: UserID.self)
            let report = Report(
                reporter: reporter, room: try row.optionalText("room_id").flatMap { RoomID($0) },
                event: try row.optionalText("event_id").flatMap { EventID($0) },
                user: try row.optionalText("user_id").flatMap { UserID($0) },
                reason: try row.byteText("reason"),
                score: try row.optionalInt32("score"))
            return (try row.int64("report_id"), Timestamp(milliseconds: try row.int64("reported_at_ms")), report)
        }
    }
}
