import CanonicalJSON
import Identifiers
import Postgres

/// Stages done of user-interactive authentications: the `uia_stage` table.
///
/// Only who has completed a stage of several makes a row: asking for sessions fills nothing.
public struct AuthStageStore: Sendable {
    /// The most expired rows one new row sweeps away.
    static let sweepMax: Int64 = 20

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// What was proven in `session` so far, by stage.
    public func completed(in session: String, at now: Timestamp) async throws -> JSONObject {
        let rows = try await database.query(
            "SELECT stage, evidence FROM uia_stage WHERE session_id = $1 AND expires_at_ms > $2", session,
            now.milliseconds)
        return try Self.evidence(rows)
    }

    /// Keeps what a stage proved until `expiresAt`, and sweeps away a few that have expired by `now`.
    public func complete(
        _ stage: String, in session: String, evidence: JSONValue, at now: Timestamp, expiresAt: Timestamp
    ) async throws {
        _ = try await database.query(
            """
            WITH swept AS (
                DELETE FROM uia_stage WHERE (session_id, stage) IN (
                    SELECT session_id, stage FROM uia_stage WHERE expires_at_ms <= $4 AND session_id <> $1
                     LIMIT $6 FOR UPDATE SKIP LOCKED)
            )
            INSERT INTO uia_stage (session_id, stage, evidence, expires_at_ms) VALUES ($1, $2, $3, $5)
            ON CONFLICT (session_id, stage) DO UPDATE
               SET evidence = excluded.evidence, expires_at_ms = excluded.expires_at_ms
            """,
            session, stage, evidence.bytes(), now.milliseconds, expiresAt.milliseconds, Self.sweepMax)
    }

    /// Ends `session`: what it proved is returned once.
    public func take(_ session: String, at now: Timestamp) async throws -> JSONObject {
        let rows = try await database.query(
            """
            WITH taken AS (DELETE FROM uia_stage WHERE session_id = $1 RETURNING stage, evidence, expires_at_ms)
            SELECT stage, evidence FROM taken WHERE expires_at_ms > $2
            """, session, now.milliseconds)
        return try Self.evidence(rows)
    }

    private static func evidence(_ rows: PostgresRows) throws -> JSONObject {
        var evidence = JSONObject()
        for row in rows { evidence[try row.text("stage")] = try JSONValue.parse(try row.bytes("evidence")) }
        return evidence
    }
}
