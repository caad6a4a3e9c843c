import Identifiers
import Postgres

/// Validations of email addresses: the `email_validation` table.
public struct EmailValidationStore: Sendable {
    /// The most expired rows one new row sweeps away.
    static let sweepMax: Int64 = 20

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Begins a validation, or goes on with the one of the same address and secret.
    ///
    /// - Returns: the session, and whether a mail is to be sent: not for an attempt that was made already.
    public func attempt(_ attempt: EmailAttempt) async throws -> (session: String, isNew: Bool) {
        // The second look sees what another request made while the first was looking.
        if let made = try await tryAttempt(attempt) { return made }
        guard let made = try await tryAttempt(attempt) else { throw StoreError.malformedRow("email_validation") }
        return made
    }

    private func tryAttempt(_ attempt: EmailAttempt) async throws -> (session: String, isNew: Bool)? {
        let rows = try await database.query(
            """
            WITH swept AS (
                DELETE FROM email_validation WHERE session_id IN (
                    SELECT session_id FROM email_validation
                     WHERE expires_at_ms <= $8 AND (purpose, address, client_secret) <> ($2, $3, $4)
                     LIMIT $10 FOR UPDATE SKIP LOCKED)
            ), made AS (
                INSERT INTO email_validation AS old
                       (session_id, purpose, address, client_secret, send_attempt, token_hash, next_link, expires_at_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7::bytea, $9)
                ON CONFLICT (purpose, address, client_secret) DO UPDATE
                   SET session_id = CASE WHEN old.expires_at_ms <= $8 THEN excluded.session_id ELSE old.session_id END,
                       validated_at_ms = CASE WHEN old.expires_at_ms <= $8 THEN NULL ELSE old.validated_at_ms END,
                       send_attempt = excluded.send_attempt, token_hash = excluded.token_hash,
                       next_link = excluded.next_link, expires_at_ms = excluded.expires_at_ms
                 WHERE old.send_attempt < excluded.send_attempt OR old.expires_at_ms <= $8
                RETURNING session_id
            )
            SELECT session_id, true AS is_new FROM made
            UNION ALL
            SELECT session_id, false FROM email_validation
             WHERE purpose = $2 AND address = $3 AND client_secret = $4 AND NOT EXISTS (SELECT FROM made)
            """,
            attempt.session, attempt.purpose.rawValue, attempt.address, attempt.clientSecret, attempt.sendAttempt,
            attempt.tokenHash, attempt.nextLink.map { Array($0.utf8) }, attempt.at.milliseconds,
            attempt.expiresAt.milliseconds, Self.sweepMax)
        return try rows.first.map { (try $0.text("session_id"), try $0.bool("is_new")) }
    }

    /// Takes back that the last attempt was made: its mail could not be sent.
    public func forgetAttempt(of session: String) async throws {
        _ = try await database.query("UPDATE email_validation SET send_attempt = -1 WHERE session_id = $1", session)
    }

    /// Notes that the mail's token came back; a second time changes nothing.
    public func validate(
        _ session: String, clientSecret: String, tokenHash: [UInt8], at now: Timestamp
    ) async throws -> EmailValidationOutcome {
        let rows = try await database.query(
            """
            UPDATE email_validation SET validated_at_ms = coalesce(validated_at_ms, $4)
             WHERE session_id = $1 AND client_secret = $2 AND token_hash = $3 AND expires_at_ms > $4
            RETURNING next_link
            """, session, clientSecret, tokenHash, now.milliseconds)
        guard let row = rows.first else { return .unknown }
        return .validated(
            nextLink: try row.optionalByteText("next_link"))
    }

    /// The address a session has shown to be somebody's; `nil` when it has not.
    public func validated(
        _ session: String, clientSecret: String, for purpose: EmailPurpose, at now: Timestamp
    ) async throws -> ValidatedEmail? {
        let rows = try await database.query(
            """
            SELECT address, validated_at_ms FROM email_validation
             WHERE session_id = $1 AND client_secret = $2 AND purpose = $3 AND validated_at_ms IS NOT NULL
               AND expires_at_ms > $4
            """, session, clientSecret, purpose.rawValue, now.milliseconds)
        guard let row = rows.first else { return nil }
        return ValidatedEmail(
            address: try row.text("address"),
            validatedAt: Timestamp(milliseconds: try row.int64("validated_at_ms")))
    }

    /// Ends a session: what it showed has been used.
    public func end(_ session: String) async throws {
        _ = try await database.query("DELETE FROM email_validation WHERE session_id = $1", session)
    }
}
