import Events
import Identifiers
import Postgres

/// A row of `state_change`, and with it the one of `current_state`: a key of a room's current state has another event.
public struct StateChangeRow: Sendable {
    public var room: RoomID
    public var position: ShardSequence
    public var change: StateChange
    /// The root of current state after everything that changed at this position.
    public var root: StateRootID

    public init(room: RoomID, position: ShardSequence, change: StateChange, root: StateRootID) {
        self.room = room
        self.position = position
        self.change = change
        self.root = root
    }

    /// The same for rows of one shard.
    public static func insert(_ rows: [StateChangeRow], in shard: ShardID) -> PostgresStatement {
        insert(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Records changes, each in the shard of its room.
    public static func insert(_ rows: [StateChangeRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO state_change (room_id, shard, seq, type, state_key, event_id, prev_event_id, root_id)
            SELECT room_id, shard, seq, type, state_key, event_id, prev_event_id, root_id
              FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[], $7::text[],
                          $8::bigint[])
                   AS rows (shard, room_id, seq, type, state_key, event_id, prev_event_id, root_id)
            """,
            [
                shards.map(\.number), rows.map(\.room.rawValue), rows.map(\.position.value),
                rows.map { Array($0.change.key.type.utf8) }, rows.map { Array($0.change.key.stateKey.utf8) },
                rows.map { $0.change.new?.rawValue }, rows.map { $0.change.old?.rawValue }, rows.map(\.root.value),
            ])
    }

    /// The same for rows of one shard.
    public static func apply(_ rows: [StateChangeRow], in shard: ShardID) -> [PostgresStatement] {
        apply(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Brings `current_state` up to changes, of which no two have the same room and key, and notes what follows from them.
    public static func apply(_ rows: [StateChangeRow], in shards: [ShardID]) -> [PostgresStatement] {
        let gone = rows.filter { $0.change.new == nil }
        let placed = zip(rows, shards).filter { $0.0.change.new != nil }
        let set = placed.map(\.0)
        var statements: [PostgresStatement] = []
        if !gone.isEmpty {
            statements.append(
                PostgresStatement(
                    """
                    DELETE FROM current_state AS c
                     USING unnest($1::text[], $2::bytea[], $3::bytea[]) AS rows (room_id, type, state_key)
                     WHERE c.room_id = rows.room_id AND c.type = rows.type AND c.state_key = rows.state_key
                    """,
                    [
                        gone.map(\.room.rawValue), gone.map { Array($0.change.key.type.utf8) },
                        gone.map { Array($0.change.key.stateKey.utf8) },
                    ]))
        }
        if !set.isEmpty {
            statements.append(
                PostgresStatement(
                    """
                    INSERT INTO current_state (room_id, type, state_key, event_id, shard, seq)
                    SELECT room_id, type, state_key, event_id, shard, seq
                      FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::bigint[])
                           AS rows (shard, room_id, type, state_key, event_id, seq)
                    ON CONFLICT (room_id, type, state_key) DO UPDATE
                       SET event_id = excluded.event_id, shard = excluded.shard, seq = excluded.seq
                    """,
                    [
                        placed.map(\.1.number), set.map(\.room.rawValue), set.map { Array($0.change.key.type.utf8) },
                        set.map { Array($0.change.key.stateKey.utf8) },
                        set.map { $0.change.new?.rawValue ?? "" }, set.map(\.position.value),
                    ]))
        }
        // Before a room has had guest access set there are no guests in it.
        let guests = rows.filter { $0.change.key == .guestAccess && $0.change.old != nil }
        if !guests.isEmpty { statements.append(GuestCheckStore.note(guests)) }
        return statements
    }
}
