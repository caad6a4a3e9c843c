import Identifiers
import Postgres

/// Says whose devices and keys have changed, and who shares rooms with whom.
public struct DeviceListStore: Sendable {
    /// The most users one call finds; where there are more, everybody is taken to have changed.
    public static let usersMax = 10_000
    /// The most members of rooms one call returns.
    public static let membersMax = 50_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The users whose devices or keys last changed after a position in each of some shards.
    ///
    /// Who changed again later is among them: told too early is told.
    ///
    /// - Returns: `nil` when there are more than ``usersMax``.
    public func changed(after positions: [(shard: ShardID, after: ShardSequence)]) async throws -> Set<UserID>? {
        guard !positions.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT l.user_id FROM unnest($1::smallint[], $2::bigint[]) AS p (shard, after)
             CROSS JOIN LATERAL (
                   SELECT user_id FROM device_list WHERE shard = p.shard AND seq > p.after ORDER BY seq LIMIT $3) AS l
             LIMIT $3
            """, positions.map(\.shard.number), positions.map(\.after.value), Int64(Self.usersMax + 1))
        guard rows.count <= Self.usersMax else { return nil }
        return try Self.users(rows)
    }

    /// The users whose member events in some rooms changed between positions.
    ///
    /// - Returns: `nil` when there are more than ``usersMax``.
    public func memberChanges(
        in rooms: [(room: RoomID, after: ShardSequence, upTo: ShardSequence)]
    ) async throws -> Set<UserID>? {
        guard !rooms.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT DISTINCT convert_from(c.state_key, 'UTF8') AS user_id
              FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS p (room_id, after, up_to)
             CROSS JOIN LATERAL (
                   SELECT state_key FROM state_change
                    WHERE room_id = p.room_id AND seq > p.after AND seq <= p.up_to AND type = 'm.room.member'
                      AND position('\\000'::bytea IN state_key) = 0
                    LIMIT $4) AS c
             LIMIT $4
            """, rooms.map(\.room.rawValue), rooms.map(\.after.value), rooms.map(\.upTo.value),
            Int64(Self.usersMax + 1))
        guard rows.count <= Self.usersMax else { return nil }
        // A state key need not be a user's ID.
        return Set(try rows.compactMap { UserID(try $0.text("user_id")) })
    }

    /// Those of `users` that are in one of `rooms` now.
    public func present(_ users: [UserID], in rooms: [RoomID]) async throws -> Set<UserID> {
        guard !users.isEmpty, !rooms.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT u.user_id FROM unnest($1::text[]) AS u (user_id)
             WHERE EXISTS (SELECT FROM current_membership AS m
                            WHERE m.user_id = u.user_id AND m.membership = 'join'
                              AND m.room_id = ANY($2::text[]))
            """, users.map(\.rawValue), rooms.map(\.rawValue))
        return try Self.users(rows)
    }

    /// Those who are in one of `rooms` now, at most ``membersMax``.
    public func members(of rooms: [RoomID]) async throws -> Set<UserID> {
        guard !rooms.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT user_id FROM current_membership
             WHERE room_id = ANY($1::text[]) AND membership = 'join' LIMIT $2
            """, rooms.map(\.rawValue), Int64(Self.membersMax))
        return try Self.users(rows)
    }

    /// The users whose keys `signer` signed after a position, at most ``usersMax``.
    public func signed(by signer: UserID, after position: ShardSequence) async throws -> Set<UserID> {
        let rows = try await database.query(
            "SELECT DISTINCT user_id FROM key_signature WHERE signer = $1 AND seq > $2 LIMIT $3", signer.rawValue,
            position.value, Int64(Self.usersMax))
        return try Self.users(rows)
    }

    private static func users(_ rows: PostgresRows) throws -> Set<UserID> {
        Set(try rows.map { try $0.identifier("user_id", as: UserID.self) })
    }
}
