import Events
import Identifiers
import Postgres

/// How one key of a room's current state changed between two positions, with a third in between.
public struct StateDelta: Sendable, Equatable {
    public let key: StateMapKey
    /// The event in force at the first position.
    public let before: EventID?
    /// The event in force at the middle one.
    public let middle: EventID?
    /// The event in force at the last one; `nil`: the key left the state.
    public let after: EventID?
}

/// Where a room's state is stored at two positions.
public struct RoomRoots: Sendable, Equatable {
    public let first: StateRootID?
    public let last: StateRootID?
}

/// Reads what changed in rooms' current state: the `state_change` table.
public struct StateDeltaStore: Sendable {
    /// The most keys a call returns.
    public static let keysMax = 100_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The keys of `room`'s current state that were set after one position and up to another.
    public func deltas(
        of room: RoomID, after: ShardSequence, middle: ShardSequence, upTo: ShardSequence
    ) async throws -> [StateDelta] {
        guard after < upTo else { return [] }
        let rows = try await database.query(
            """
            SELECT type, state_key, (array_agg(prev_event_id ORDER BY seq))[1] AS before,
                   coalesce(bool_or(seq <= $3), false) AS is_set_by_middle,
                   (array_agg(event_id ORDER BY seq DESC) FILTER (WHERE seq <= $3))[1] AS middle,
                   (array_agg(event_id ORDER BY seq DESC))[1] AS after
              FROM state_change WHERE room_id = $1 AND seq > $2 AND seq <= $4
             GROUP BY type, state_key ORDER BY max(seq) LIMIT $5
            """, room.rawValue, after.value, middle.value, upTo.value, Int64(Self.keysMax))
        return try rows.map { row in
            let key = StateMapKey(
                type: try row.byteText("type"),
                stateKey: try row.byteText("state_key"))
            let before = try row.optionalText("before").flatMap { EventID($0) }
            return StateDelta(
                key: key, before: before,
                middle: try row.bool("is_set_by_middle")
                    ? try row.optionalText("middle").flatMap { EventID($0) } : before,
                after: try row.optionalText("after").flatMap { EventID($0) })
        }
    }

    /// The roots of current state of each of `rooms` at two positions of its own.
    public func roots(
        of rooms: [(room: RoomID, first: ShardSequence, last: ShardSequence)]
    ) async throws -> [RoomID: RoomRoots] {
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT p.room_id,
                   (SELECT root_id FROM state_change AS c WHERE c.room_id = p.room_id AND c.seq <= p.first
                     ORDER BY c.seq DESC LIMIT 1) AS first,
                   (SELECT root_id FROM state_change AS c WHERE c.room_id = p.room_id AND c.seq <= p.last
                     ORDER BY c.seq DESC LIMIT 1) AS last
              FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS p (room_id, first, last)
            """, rooms.map(\.room.rawValue), rooms.map(\.first.value), rooms.map(\.last.value))
        var found: [RoomID: RoomRoots] = [:]
        for row in rows {
            let room = try row.identifier("room_id", as: RoomID.self)
            found[room] = RoomRoots(
                first: try row.optionalInt64("first").map { StateRootID($0) },
                last: try row.optionalInt64("last").map { StateRootID($0) })
        }
        return found
    }
}

/// One change of a room's current state.
public struct StateHistoryStep: Sendable, Equatable {
    public let position: ShardSequence
    public let key: StateMapKey
    /// The event in force before; `nil`: the key was not in the state.
    public let before: EventID?
    /// `nil`: the key left the state.
    public let after: EventID?
    /// The root of current state after the change.
    public let root: StateRootID

    public init(
        position: ShardSequence, key: StateMapKey, before: EventID?, after: EventID?, root: StateRootID
    ) {
        self.position = position
        self.key = key
        self.before = before
        self.after = after
        self.root = root
    }
}

extension StateDeltaStore {
    /// The latest changes of `room`'s current state after one position and up to another, newest first.
    public func newest(
        of room: RoomID, after: ShardSequence, upTo: ShardSequence, limit: Int
    ) async throws -> [StateHistoryStep] {
        let rows = try await database.query(
            """
            SELECT seq, type, state_key, event_id, prev_event_id, root_id FROM state_change
             WHERE room_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq DESC LIMIT $4
            """, room.rawValue, after.value, upTo.value, Int64(limit))
        return try rows.map { row in
            StateHistoryStep(
                position: ShardSequence(try row.int64("seq")),
                key: StateMapKey(
                    type: try row.byteText("type"),
                    stateKey: try row.byteText("state_key")),
                before: try row.optionalText("prev_event_id").flatMap { EventID($0) },
                after: try row.optionalText("event_id").flatMap { EventID($0) },
                root: StateRootID(try row.int64("root_id")))
        }
    }
}

extension StateDelta {
    /// What changes, oldest first, come to: one delta a key.
    public static func folding(
        _ steps: some Sequence<StateHistoryStep>, middle: ShardSequence
    ) -> [StateDelta] {
        var order: [StateMapKey] = []
        var deltas: [StateMapKey: StateDelta] = [:]
        for step in steps {
            let known = deltas[step.key]
            if known == nil { order.append(step.key) }
            let before = known.map(\.before) ?? step.before
            let atMiddle = step.position <= middle ? step.after : known.map(\.middle) ?? step.before
            deltas[step.key] = StateDelta(key: step.key, before: before, middle: atMiddle, after: step.after)
        }
        return order.compactMap { deltas[$0] }
    }
}
