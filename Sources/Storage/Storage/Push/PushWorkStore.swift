import CanonicalJSON
import Identifiers
import Postgres

// A notification is a row from the moment it is known to be due until its gateway has said that it has it. So whatever
// worker dies, another goes on; at worst a gateway hears twice of one event, which it knows by its ID.

/// Pushers and what is on its way to them, as push workers read and write it.
public struct PushWorkStore: Sendable {
    /// The most pushers one call reads.
    public static let pushersMax = 1_000
    /// The most notifications that wait for a pusher; the oldest go.
    public static let waitingMax = 50
    /// After this a notification is no news any more; by mail it may come later.
    static let lifeSeconds: [Pusher.Kind: Double] = [.http: 86_400, .email: 3 * 86_400]

    private static let columns =
        "pusher_id, stamp, failures, badge, user_id, device_id, app_id, pushkey, kind, description, data, set_at_ms"

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The pushers of a part that were set after `stamp`, at most ``pushersMax``.
    public func pushers(in part: Int16, after stamp: Int64) async throws -> [WorkingPusher] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM pusher WHERE part = $1 AND stamp > $2 ORDER BY stamp LIMIT $3
            """, part, stamp, Int64(Self.pushersMax))
        return try rows.map { try WorkingPusher(row: $0) }
    }

    /// Queues notifications, and with them how far the log has been gone through; for pushers that are gone meanwhile there
    /// is nothing to do.
    public func add(
        _ deliveries: [PushDelivery], of consumer: String, at positions: [(shard: ShardID, position: ShardSequence)],
        generation: Int64
    ) async throws {
        try await database.query(
            """
            WITH advanced AS (\(Self.advance))
            INSERT INTO push_delivery (pusher_id, room_id, seq, event_id, tweaks)
            SELECT rows.pusher_id, rows.room_id, rows.seq, rows.event_id, rows.tweaks
              FROM unnest($5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::bytea[])
                   AS rows (pusher_id, room_id, seq, event_id, tweaks)
              JOIN pusher AS p ON p.pusher_id = rows.pusher_id
                ON CONFLICT (pusher_id, event_id) DO UPDATE SET room_id = excluded.room_id, seq = excluded.seq
             WHERE excluded.event_id = ''
            """,
            [
                consumer, positions.map(\.shard.number), positions.map(\.position.value), generation,
                deliveries.map(\.pusher), deliveries.map(\.room.rawValue), deliveries.map(\.position.value),
                deliveries.map { $0.event?.rawValue ?? "" }, deliveries.map { $0.tweaks.bytes() },
            ])
    }

    /// Those of the pushers of `parts` for which something waits and whose time has come, at most ``pushersMax``: of each
    /// gateway the first `perGateway` that fail and the first that do not, one gateway after the other.
    ///
    /// - Parameters:
    ///   - mailDelay: how long the first notification waits for a mail.
    ///   - busy: pushers left out.
    public func due(
        in parts: [Int16], perGateway: Int, mailDelay: Duration, but busy: [Int64]
    ) async throws -> [WorkingPusher] {
        guard !parts.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM (
                   SELECT *, row_number() OVER (PARTITION BY gateway, failures > 0 ORDER BY due_at, pusher_id) AS place
                     FROM pusher
                    WHERE part = ANY($1::smallint[]) AND due_at <= now() AND pusher_id <> ALL($4::bigint[])
                      AND EXISTS (SELECT FROM push_delivery AS d
                                   WHERE d.pusher_id = pusher.pusher_id
                                     AND (kind <> 'email' OR d.added_at <= now() - make_interval(secs => $5)))) AS waiting
             WHERE place <= $3 ORDER BY place, failures > 0, pusher_id LIMIT $2
            """, parts, Int64(Self.pushersMax), Int64(perGateway), busy, mailDelay.inSeconds)
        return try rows.map { try WorkingPusher(row: $0) }
    }

    /// Drops what is too old or too much for a pusher, and what its user has read.
    public func tidy(_ working: WorkingPusher) async throws {
        let pusher = working.pusher
        try await database.query(
            """
            DELETE FROM push_delivery AS d
             WHERE d.pusher_id = $1
               AND (d.added_at < now() - make_interval(secs => $3)
                    OR d.event_id NOT IN (SELECT event_id FROM push_delivery WHERE pusher_id = $1
                                           ORDER BY added_at DESC, seq DESC LIMIT $4)
                    OR d.event_id <> '' AND d.seq <= (SELECT max(r.event_seq) FROM receipt AS r
                                  WHERE r.room_id = d.room_id AND r.user_id = $2
                                    AND r.type IN ('m.read', 'm.read.private')
                                    AND (r.thread_id = '' OR r.thread_id = coalesce((
                                         SELECT own.thread_id FROM event_relation AS own
                                          WHERE own.event_id = d.event_id), 'main'))))
            """, working.id, pusher.user.rawValue, Self.lifeSeconds[pusher.kind] ?? 0, Int64(Self.waitingMax))
    }

    /// Drops what is too much for the pushers of `parts`: of those that are not due for long it would pile up.
    public func trim(_ parts: [Int16]) async throws {
        try await database.query(
            """
            DELETE FROM push_delivery AS d
             USING (SELECT pusher_id, event_id, row_number() OVER (PARTITION BY pusher_id
                                                                       ORDER BY added_at DESC, seq DESC) AS place
                      FROM push_delivery JOIN pusher USING (pusher_id) WHERE part = ANY($1::smallint[])) AS own
             WHERE own.place > $2 AND d.pusher_id = own.pusher_id AND d.event_id = own.event_id
            """, parts, Int64(Self.waitingMax))
    }

    /// What waits for a pusher, the oldest first.
    public func deliveries(of pusher: Int64) async throws -> [PushDelivery] {
        let rows = try await database.query(
            """
            SELECT room_id, seq, event_id, tweaks FROM push_delivery WHERE pusher_id = $1
             ORDER BY added_at, seq LIMIT $2
            """, pusher, Int64(Self.waitingMax))
        return try rows.map { row in
            let event = try row.text("event_id")
            guard let room = RoomID(try row.text("room_id")), event.isEmpty || EventID(event) != nil else {
                throw StoreError.malformedRow("push_delivery")
            }
            return PushDelivery(
                pusher: pusher, room: room, position: ShardSequence(try row.int64("seq")), event: EventID(event),
                tweaks: try JSONObject.parse(try row.bytes("tweaks")))
        }
    }

    /// The gateway has it, and how much is unread; or need not have it.
    public func done(_ delivery: PushDelivery, badge: Int64? = nil) async throws {
        // Of what was read meanwhile again the row is another, and stays.
        try await database.query(
            """
            WITH done AS (DELETE FROM push_delivery WHERE pusher_id = $1 AND event_id = $2 AND room_id = $3 AND seq = $4)
            UPDATE pusher SET failures = 0, badge = coalesce($5, badge)
             WHERE pusher_id = $1 AND (failures > 0 OR badge <> $5)
            """, delivery.pusher, delivery.event?.rawValue ?? "", delivery.room.rawValue, delivery.position.value, badge
        )
    }

    /// Who has set the receipts of `room` at these positions.
    public func readers(of room: RoomID, at positions: [ShardSequence]) async throws -> [(UserID, ShardSequence)] {
        let rows = try await database.query(
            "SELECT user_id, seq FROM receipt WHERE room_id = $1 AND seq = ANY($2::bigint[])", room.rawValue,
            positions.map(\.value))
        return try rows.compactMap { row in
            guard let user = UserID(try row.text("user_id")) else { return nil }
            return (user, ShardSequence(try row.int64("seq")))
        }
    }

    /// The gateway did not take it: when the pusher is tried again doubles with each failure, up to `most`.
    public func failed(_ pusher: Int64, first: Duration, most: Duration) async throws {
        try await database.query(
            """
            UPDATE pusher SET failures = failures + 1,
                   due_at = now() + make_interval(secs => least($2 * power(2, least(failures, 30)), $3) * (0.75 + random() / 2))
             WHERE pusher_id = $1
            """, pusher, first.inSeconds, most.inSeconds)
    }

    /// The gateway does not know the key any more.
    public func reject(_ pusher: WorkingPusher) async throws {
        // One that was set again meanwhile is another.
        try await database.query(
            "DELETE FROM pusher WHERE pusher_id = $1 AND stamp = $2", pusher.id, pusher.stamp)
    }

    /// How far the log has been gone through for a part.
    ///
    /// - Parameter positions: by shard, those that have moved.
    public func advance(
        _ consumer: String, to positions: [(shard: ShardID, position: ShardSequence)], generation: Int64
    ) async throws {
        guard !positions.isEmpty else { return }
        try await database.query(
            Self.advance, consumer, positions.map(\.shard.number), positions.map(\.position.value), generation)
    }

    private static let advance = """
        INSERT INTO consumer_position AS p (consumer, shard, seq, generation)
        SELECT $1, shard, seq, $4 FROM unnest($2::smallint[], $3::bigint[]) AS rows (shard, seq)
            ON CONFLICT (consumer, shard) DO UPDATE SET seq = excluded.seq, generation = excluded.generation
         WHERE p.seq < excluded.seq OR p.generation < excluded.generation
        """

    /// The name of somebody in a room, and whether they are in it or invited.
    public func member(_ user: UserID, of room: RoomID) async throws -> (isThere: Bool, displayName: String?) {
        let rows = try await database.query(
            "SELECT membership, display_name FROM current_membership WHERE room_id = $1 AND user_id = $2",
            room.rawValue, user.rawValue)
        guard let row = rows.first else { return (false, nil) }
        let membership = try row.text("membership")
        return (
            ["join", "invite"].contains { $0.utf8.elementsEqual(membership.utf8) },
            try row.optionalBytes("display_name").map { String(decoding: $0, as: UTF8.self) }
        )
    }
}

extension WorkingPusher {
    init(row: PostgresRow) throws {
        self.init(
            id: try row.int64("pusher_id"), pusher: try Pusher(row: row), stamp: try row.int64("stamp"),
            isFailing: try row.int32("failures") > 0, badge: try row.int64("badge"))
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
