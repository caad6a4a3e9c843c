import Identifiers
import Postgres

/// Reads the redactions that came before their target, for the owner of their room.
public struct AwaitedRedactions: Sendable {
    /// The most targets asked for at once.
    public static let targetsMax = 1_000
    /// The most redactions that are looked at of one target, those that may redact everybody's events first.
    public static let perTargetMax: Int64 = 100

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// What waits for any of `targets` in `room`.
    ///
    /// - Precondition: at most ``targetsMax`` targets.
    public func fetch(_ targets: [EventID], of room: RoomID) async throws -> [AwaitedRedactionRow] {
        precondition(targets.count <= Self.targetsMax, "fetch takes at most \(Self.targetsMax) targets")
        let rows = try await database.query(
            """
            SELECT a.target, a.server, a.redaction
              FROM unnest($1::text[]) AS wanted (target)
             CROSS JOIN LATERAL (
                   SELECT target, server, redaction FROM awaited_redaction
                    WHERE room_id = $2 AND awaited_redaction.target = wanted.target ORDER BY server LIMIT $3) AS a
            """, targets.map(\.rawValue), room.rawValue, Self.perTargetMax)
        return try rows.map { row in
            let server = try row.text("server")
            return AwaitedRedactionRow(
                room: room, target: try row.identifier("target", as: EventID.self),
                server: server.isEmpty ? nil : try row.identifier("server", as: ServerName.self),
                redaction: try row.identifier("redaction", as: EventID.self))
        }
    }
}
