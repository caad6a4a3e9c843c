import Events
import Identifiers
import Postgres

/// A row of `current_membership`: a user's member event in the current state of a room.
public struct MembershipRow: Sendable {
    public var room: RoomID
    public var user: UserID
    /// `nil`: the member event left the state.
    public var event: Event?
    public var isLocal: Bool
    public var position: ShardSequence

    public init(room: RoomID, user: UserID, event: Event?, isLocal: Bool, position: ShardSequence) {
        self.room = room
        self.user = user
        self.event = event
        self.isLocal = isLocal
        self.position = position
    }

    /// The same for rows of one shard.
    public static func apply(_ rows: [MembershipRow], in shard: ShardID) -> [PostgresStatement] {
        apply(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Brings `current_membership` up to changes, of which no two are of the same room and user.
    public static func apply(_ rows: [MembershipRow], in shards: [ShardID]) -> [PostgresStatement] {
        let gone = rows.filter { $0.event == nil }
        let set = zip(rows, shards).compactMap { row, shard in row.event.map { (row, $0, shard) } }
        var statements: [PostgresStatement] = []
        if !gone.isEmpty {
            statements.append(
                PostgresStatement(
                    """
                    DELETE FROM current_membership AS m USING unnest($1::text[], $2::text[]) AS rows (room_id, user_id)
                     WHERE m.room_id = rows.room_id AND m.user_id = rows.user_id
                    """, [gone.map(\.room.rawValue), gone.map(\.user.rawValue)]))
        }
        if !set.isEmpty {
            statements.append(
                PostgresStatement(
                    """
                    INSERT INTO current_membership (room_id, user_id, membership, sender, event_id, display_name,
                                                    avatar_url, is_local, shard, seq)
                    SELECT room_id, user_id, membership, sender, event_id, display_name, avatar_url, is_local, shard, seq
                      FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                                  $7::bytea[], $8::bytea[], $9::boolean[], $10::bigint[])
                           AS rows (shard, room_id, user_id, membership, sender, event_id, display_name, avatar_url, is_local,
                                    seq)
                    ON CONFLICT (room_id, user_id) DO UPDATE
                       SET membership = excluded.membership, sender = excluded.sender, event_id = excluded.event_id,
                           display_name = excluded.display_name, avatar_url = excluded.avatar_url,
                           is_local = excluded.is_local, shard = excluded.shard, seq = excluded.seq
                    """,
                    [
                        set.map(\.2.number), set.map(\.0.room.rawValue), set.map(\.0.user.rawValue),
                        set.map { $0.1.membership ?? "leave" }, set.map(\.1.sender.rawValue),
                        set.map(\.1.id.rawValue), set.map { text("displayname", of: $0.1) },
                        set.map { text("avatar_url", of: $0.1) }, set.map(\.0.isLocal), set.map(\.0.position.value),
                    ]))
        }
        return statements
    }

    private static func text(_ key: String, of event: Event) -> [UInt8]? {
        event.content[key]?.stringValue.map { Array($0.utf8) }
    }
}

/// A row of `membership_history`: a local user's membership of a room became another.
public struct MembershipHistoryRow: Sendable {
    public var user: UserID
    public var room: RoomID
    public var position: ShardSequence
    public var membership: String
    public var event: EventID
    public var sender: UserID

    public init(
        user: UserID, room: RoomID, position: ShardSequence, membership: String, event: EventID, sender: UserID
    ) {
        self.user = user
        self.room = room
        self.position = position
        self.membership = membership
        self.event = event
        self.sender = sender
    }

    /// The same for rows of one shard.
    public static func insert(_ rows: [MembershipHistoryRow], in shard: ShardID) -> PostgresStatement {
        insert(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Records changes, each in the shard of its room.
    public static func insert(_ rows: [MembershipHistoryRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO membership_history (user_id, room_id, shard, seq, membership, event_id, sender)
            SELECT user_id, room_id, shard, seq, membership, event_id, sender
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[])
                   AS rows (shard, user_id, room_id, seq, membership, event_id, sender)
            """,
            [
                shards.map(\.number), rows.map(\.user.rawValue), rows.map(\.room.rawValue), rows.map(\.position.value),
                rows.map(\.membership), rows.map(\.event.rawValue), rows.map(\.sender.rawValue),
            ])
    }
}
