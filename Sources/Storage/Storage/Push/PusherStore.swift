import CanonicalJSON
import Identifiers
import Postgres

/// Users' pushers, as client workers set and list them: the `pusher` table.
public struct PusherStore: Sendable {
    /// The most pushers of one user.
    public static let perUserMax = 100

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The pushers of `user`, in the order in which they were made.
    public func list(of user: UserID) async throws -> [Pusher] {
        let rows = try await database.query(
            """
            SELECT user_id, device_id, app_id, pushkey, kind, description, data, set_at_ms FROM pusher
             WHERE user_id = $1 ORDER BY pusher_id LIMIT $2
            """, user.rawValue, Int64(Self.perUserMax))
        return try rows.map { try Pusher(row: $0) }
    }

    /// Sets a pusher, in the place of one of the same app and key.
    ///
    /// - Parameter keepsOthers: otherwise other users' pushers of the same app and key go.
    /// - Returns: `false` when the user has too many.
    public func set(_ pusher: Pusher, keepsOthers: Bool) async throws -> Bool {
        let rows = try await database.query(
            """
            WITH gone AS (
                DELETE FROM pusher WHERE app_id = $3 AND pushkey = $4 AND user_id <> $1 AND NOT $10
            )
            INSERT INTO pusher (user_id, device_id, app_id, pushkey, kind, description, data, set_at_ms, part,
                                gateway)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $12
             WHERE (SELECT count(*) FROM pusher WHERE user_id = $1 AND NOT (app_id = $3 AND pushkey = $4)) < $11
                ON CONFLICT (user_id, app_id, pushkey) DO UPDATE
               SET device_id = excluded.device_id, kind = excluded.kind, description = excluded.description,
                   data = excluded.data, set_at_ms = excluded.set_at_ms, gateway = excluded.gateway,
                   stamp = next_pusher_stamp(), failures = 0, due_at = '-infinity', mail_pause_s = 0
            RETURNING pusher_id
            """,
            [
                pusher.user.rawValue, pusher.device.rawValue, pusher.appID, Array(pusher.pushkey.utf8),
                pusher.kind.rawValue, pusher.description.bytes(), pusher.data.bytes(), pusher.setAt.milliseconds,
                pusher.part, keepsOthers, Int64(Self.perUserMax), pusher.gateway,
            ])
        return !rows.isEmpty
    }

    /// Removes a pusher of `user`, if there is one.
    public func remove(appID: String, pushkey: String, of user: UserID) async throws {
        try await database.query(
            "DELETE FROM pusher WHERE user_id = $1 AND app_id = $2 AND pushkey = $3", user.rawValue, appID,
            Array(pushkey.utf8))
    }

    /// Removes a pusher of kind `email`, if there is one.
    public func removeMails(_ pusher: Int64) async throws {
        try await database.query("DELETE FROM pusher WHERE pusher_id = $1 AND kind = 'email'", pusher)
    }
}

extension Pusher {
    init(row: PostgresRow) throws {
        guard let user = UserID(try row.text("user_id")), let device = DeviceID(try row.text("device_id")),
            let kind = Kind(rawValue: try row.text("kind"))
        else { throw StoreError.malformedRow("pusher") }
        self.init(
            user: user, device: device, appID: try row.text("app_id"),
            pushkey: String(decoding: try row.bytes("pushkey"), as: UTF8.self), kind: kind,
            description: try JSONObject.parse(try row.bytes("description")),
            data: try JSONObject.parse(try row.bytes("data")),
            setAt: Timestamp(milliseconds: try row.int64("set_at_ms")))
    }
}
