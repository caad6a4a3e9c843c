import Identifiers
import Postgres

/// Meeting places of devices: the `rendezvous` table.
public struct RendezvousStore: Sendable {
    /// The most bytes of one payload.
    public static let payloadBytesMax = 4_096
    /// The most sessions at a time, of all workers and both forms.
    public static let sessionsMax = 5_000
    /// The most expired sessions one new session sweeps away.
    static let sweepMax: Int64 = 20

    /// What became of a payload.
    public enum Writing: Sendable, Equatable {
        case written(RendezvousSession)
        /// Another one was written meanwhile, and stays.
        case overtaken(RendezvousSession)
        /// There is no such session, or no longer.
        case unknown
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Keeps a new session; `false` when there are too many.
    public func insert(_ session: RendezvousSession, as id: String, _ form: RendezvousSession.Form) async throws -> Bool
    {
        let rows = try await database.query(
            """
            WITH swept AS (
                DELETE FROM rendezvous WHERE rendezvous_id IN (
                    SELECT rendezvous_id FROM rendezvous WHERE expires_at_ms <= $5 LIMIT $7 FOR UPDATE SKIP LOCKED)
            )
            INSERT INTO rendezvous (rendezvous_id, form, payload, revision, modified_at_ms, expires_at_ms)
            SELECT $1::text, $2::smallint, $3::bytea, $4::text, $5::bigint, $6::bigint
             WHERE (SELECT count(*) FROM rendezvous WHERE expires_at_ms > $5) < $8
            RETURNING rendezvous_id
            """,
            id, form.rawValue, session.payload, session.revision, session.modifiedAt.milliseconds,
            session.expiresAt.milliseconds, Self.sweepMax, Int64(Self.sessionsMax))
        return !rows.isEmpty
    }

    /// The session as it is; `nil` when there is none, or no longer.
    public func fetch(
        _ id: String, _ form: RendezvousSession.Form, at now: Timestamp
    ) async throws -> RendezvousSession? {
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM rendezvous WHERE rendezvous_id = $1 AND form = $2 AND expires_at_ms > $3
            """, id, form.rawValue, now.milliseconds)
        return try rows.first.map(Self.session)
    }

    /// Replaces a session's payload, if it is that of `revision`.
    public func write(
        _ payload: [UInt8], over revision: String, as next: String, to id: String, _ form: RendezvousSession.Form,
        at now: Timestamp
    ) async throws -> Writing {
        let rows = try await database.query(
            """
            UPDATE rendezvous SET payload = $4, revision = $5, modified_at_ms = $6
             WHERE rendezvous_id = $1 AND form = $2 AND revision = $3 AND expires_at_ms > $6
            RETURNING \(Self.columns)
            """, id, form.rawValue, revision, payload, next, now.milliseconds)
        if let row = rows.first { return .written(try Self.session(row)) }
        return try await fetch(id, form, at: now).map { .overtaken($0) } ?? .unknown
    }

    /// Ends a session; `false` when there is none.
    public func delete(_ id: String, _ form: RendezvousSession.Form) async throws -> Bool {
        let rows = try await database.query(
            "DELETE FROM rendezvous WHERE rendezvous_id = $1 AND form = $2 RETURNING rendezvous_id", id, form.rawValue)
        return !rows.isEmpty
    }

    private static let columns = "payload, revision, modified_at_ms, expires_at_ms"

    private static func session(_ row: PostgresRow) throws -> RendezvousSession {
        RendezvousSession(
            payload: try row.bytes("payload"), revision: try row.text("revision"),
            modifiedAt: Timestamp(milliseconds: try row.int64("modified_at_ms")),
            expiresAt: Timestamp(milliseconds: try row.int64("expires_at_ms")))
    }
}
