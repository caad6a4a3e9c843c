import Events
import Identifiers
import Postgres
import RoomRules

/// What a local user is to a room.
public enum RoomMembership: String, Sendable {
    case join, invite, leave, ban, knock
}

/// The latest change of a local user's membership of one room up to some position.
public struct UserRoom: Sendable, Equatable {
    public let room: RoomID
    public let placement: RoomPlacement
    public let membership: RoomMembership
    /// Where the change is, in the order of the room's shard.
    public let position: ShardSequence
    public let event: EventID
    /// Who made the change.
    public let sender: UserID

    public var shard: ShardID { placement.shard }

    package init(
        room: RoomID, placement: RoomPlacement, membership: RoomMembership, position: ShardSequence, event: EventID,
        sender: UserID
    ) {
        self.room = room
        self.placement = placement
        self.membership = membership
        self.position = position
        self.event = event
        self.sender = sender
    }
}

/// A part of one shard's order, `after` exclusive and `upTo` inclusive.
public struct ShardRange: Sendable, Equatable {
    public let shard: ShardID
    public let after: ShardSequence
    public let upTo: ShardSequence

    public init(shard: ShardID, after: ShardSequence, upTo: ShardSequence) {
        self.shard = shard
        self.after = after
        self.upTo = upTo
    }
}

/// Local users' memberships over all their rooms, as of positions: the `membership_history` table.
public struct UserMembershipStore: Sendable {
    /// The most rooms or changes a call returns.
    public static let rowsMax = 50_000
    /// The most users whose memberships a call returns.
    public static let usersMax = 50

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The memberships of `user` in every room they ever had one in, up to a position in each shard.
    ///
    /// - Parameter positions: by shard number.
    public func memberships(of user: UserID, upTo positions: [ShardSequence]) async throws -> [UserRoom] {
        let rows = try await database.query(
            """
            SELECT DISTINCT ON (h.room_id) h.room_id, h.shard, r.version, h.seq, h.membership, h.event_id, h.sender
              FROM membership_history AS h
              JOIN unnest($2::bigint[]) WITH ORDINALITY AS p (seq, n) ON h.shard = p.n - 1
              JOIN room AS r ON r.room_id = h.room_id
             WHERE h.user_id = $1 AND h.seq <= p.seq
             ORDER BY h.room_id, h.seq DESC LIMIT $3
            """, user.rawValue, positions.map(\.value), Int64(Self.rowsMax))
        return try rows.map { try UserRoom(row: $0) }
    }

    /// The memberships of each of `users`, as ``memberships(of:upTo:)`` has them.
    ///
    /// - Precondition: at most ``usersMax`` users.
    public func memberships(of users: [UserID], upTo positions: [ShardSequence]) async throws -> [UserID: [UserRoom]] {
        precondition(users.count <= Self.usersMax, "memberships(of:) takes at most \(Self.usersMax) users")
        let rows = try await database.query(
            """
            SELECT u.user_id, h.* FROM unnest($1::text[]) AS u (user_id)
             CROSS JOIN LATERAL (
                   SELECT DISTINCT ON (h.room_id) h.room_id, h.shard, r.version, h.seq, h.membership, h.event_id, h.sender
                     FROM membership_history AS h
                     JOIN unnest($2::bigint[]) WITH ORDINALITY AS p (seq, n) ON h.shard = p.n - 1
                     JOIN room AS r ON r.room_id = h.room_id
                    WHERE h.user_id = u.user_id AND h.seq <= p.seq
                    ORDER BY h.room_id, h.seq DESC LIMIT $3) AS h
            """, users.map(\.rawValue), positions.map(\.value), Int64(Self.rowsMax))
        var found: [UserID: [UserRoom]] = [:]
        for row in rows {
            let user = try row.identifier("user_id", as: UserID.self)
            found[user, default: []].append(try UserRoom(row: row))
        }
        return found
    }

    /// The changes of `user`'s memberships in `ranges`, in the order of each shard.
    public func changes(of user: UserID, in ranges: [ShardRange]) async throws -> [UserRoom] {
        guard !ranges.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT h.room_id, h.shard, r.version, h.seq, h.membership, h.event_id, h.sender
              FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS p (shard, after, up_to)
              JOIN membership_history AS h
                ON h.user_id = $1 AND h.shard = p.shard AND h.seq > p.after AND h.seq <= p.up_to
              JOIN room AS r ON r.room_id = h.room_id
             ORDER BY h.shard, h.seq LIMIT $5
            """, user.rawValue, ranges.map(\.shard.number), ranges.map(\.after.value), ranges.map(\.upTo.value),
            Int64(Self.rowsMax))
        return try rows.map { try UserRoom(row: $0) }
    }

    /// The memberships of `user` in `rooms`, each up to a position of its own.
    public func memberships(
        of user: UserID, in rooms: [(room: RoomID, upTo: ShardSequence)]
    ) async throws -> [RoomID: UserRoom] {
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT p.room_id, r.shard, r.version, h.seq, h.membership, h.event_id, h.sender
              FROM unnest($2::text[], $3::bigint[]) AS p (room_id, up_to)
              JOIN room AS r ON r.room_id = p.room_id
              JOIN LATERAL (
                   SELECT seq, membership, event_id, sender FROM membership_history
                    WHERE user_id = $1 AND room_id = p.room_id AND seq <= p.up_to ORDER BY seq DESC LIMIT 1) AS h ON true
            """, user.rawValue, rooms.map(\.room.rawValue), rooms.map(\.upTo.value))
        var found: [RoomID: UserRoom] = [:]
        for row in rows {
            let membership = try UserRoom(row: row)
            found[membership.room] = membership
        }
        return found
    }

    /// The rooms `user` is in now, with where they came into them; at most `limit`, those they came into last.
    public func current(of user: UserID, limit: Int) async throws -> [(room: RoomID, position: ShardSequence)] {
        let rows = try await database.query(
            """
            SELECT m.room_id, h.seq FROM current_membership AS m
             CROSS JOIN LATERAL (
                   SELECT seq FROM membership_history WHERE user_id = $1 AND room_id = m.room_id
                    ORDER BY seq DESC LIMIT 1) AS h
             WHERE m.user_id = $1 AND m.membership = 'join' AND m.is_local ORDER BY h.seq DESC LIMIT $2
            """, user.rawValue, Int64(limit))
        return try rows.map { row in
            (try row.identifier("room_id", as: RoomID.self), ShardSequence(try row.int64("seq")))
        }
    }

    /// Those of `rooms` that `user` was ever in.
    public func everJoined(_ user: UserID, among rooms: [RoomID]) async throws -> Set<RoomID> {
        guard !rooms.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT DISTINCT room_id FROM membership_history
             WHERE user_id = $1 AND room_id = ANY($2::text[]) AND membership = 'join'
            """, user.rawValue, rooms.map(\.rawValue))
        return Set(try rows.map { try $0.identifier("room_id", as: RoomID.self) })
    }

    /// Up to which position `user` has forgotten rooms.
    public func forgotten(by user: UserID) async throws -> [RoomID: ShardSequence] {
        let rows = try await database.query(
            "SELECT room_id, seq FROM forgotten_room WHERE user_id = $1 LIMIT $2", user.rawValue, Int64(Self.rowsMax))
        var found: [RoomID: ShardSequence] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            found[room] = ShardSequence(try row.int64("seq"))
        }
        return found
    }
}

extension UserRoom {
    init(row: PostgresRow) throws {
        guard let version = RoomVersion(try row.text("version")),
            let membership = RoomMembership(rawValue: try row.text("membership"))
        else { throw StoreError.malformedRow("membership_history") }
        self.init(
            room: try row.identifier("room_id", as: RoomID.self),
            placement: RoomPlacement(shard: ShardID(try row.int16("shard")), version: version), membership: membership,
            position: ShardSequence(try row.int64("seq")), event: try row.identifier("event_id", as: EventID.self),
            sender: try row.identifier("sender", as: UserID.self))
    }
}
