import Identifiers
import Postgres

// How often somebody gets mails follows from whether they read: the first comes soon, and while nothing is read each further
// one waits twice as long as the one before.

/// Notifications that go by mail, as push workers read and write them.
public struct MailDigestStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Whether something waits for a pusher since `delay`.
    public func isDue(_ pusher: Int64, delay: Duration) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT EXISTS (SELECT FROM push_delivery
                            WHERE pusher_id = $1 AND added_at <= now() - make_interval(secs => $2)) AS is_due
            """, pusher, delay.inSeconds)
        return try rows.first?.bool("is_due") ?? false
    }

    /// Whether an address is a user's still.
    public func owns(_ user: UserID, _ address: EmailAddress) async throws -> Bool {
        let rows = try await database.query(
            "SELECT FROM third_party_id WHERE medium = 'email' AND address = $1 AND user_id = $2", address.text,
            user.rawValue)
        return !rows.isEmpty
    }

    /// The mail server has taken what was waiting: when the next mail may come.
    ///
    /// - Parameters:
    ///   - first: how long it is waited after a mail when the user has read something since the one before.
    ///   - most: the longest it is waited; each mail that nothing was read after doubles it.
    public func sent(
        _ deliveries: [PushDelivery], to pusher: WorkingPusher, first: Duration, most: Duration
    ) async throws {
        try await database.query(
            """
            WITH done AS (
                DELETE FROM push_delivery WHERE pusher_id = $1 AND event_id = ANY($2::text[])
            ), pause AS (
                SELECT CASE WHEN mailed_at IS NULL OR EXISTS (
                                SELECT FROM current_membership AS m JOIN receipt AS r USING (room_id, user_id)
                                 WHERE m.user_id = p.user_id AND m.membership = 'join'
                                   AND r.type IN ('m.read', 'm.read.private')
                                   AND r.read_at_ms > extract(epoch FROM p.mailed_at) * 1000)
                            THEN $3 ELSE least(greatest(mail_pause_s * 2, $3), $4) END AS seconds
                  FROM pusher AS p WHERE pusher_id = $1
            )
            UPDATE pusher SET failures = 0, mailed_at = now(), mail_pause_s = seconds,
                   due_at = now() + make_interval(secs => seconds)
              FROM pause WHERE pusher_id = $1
            """, pusher.id, deliveries.compactMap { $0.event?.rawValue }, first.inSeconds, most.inSeconds)
    }
}
