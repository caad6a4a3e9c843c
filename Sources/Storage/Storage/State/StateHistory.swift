import Events
import Identifiers
import Postgres

/// How one key of a room's current state changed over time.
public struct StateHistory: Sendable {
    /// The most changes a call returns: the latest; whoever changes a key more often loses the oldest.
    public static let changesMax = 1_000
    /// The most keys one call asks for.
    public static let keysMax = 1_000

    public struct Change: Sendable, Equatable {
        public let position: ShardSequence
        /// `nil`: the key left the state.
        public let event: EventID?
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The changes of `key` in `room` up to `position`, oldest first.
    public func changes(of key: StateMapKey, in room: RoomID, upTo position: ShardSequence) async throws -> [Change] {
        let rows = try await database.query(
            """
            SELECT seq, event_id FROM state_change
             WHERE room_id = $1 AND type = $2 AND state_key = $3 AND seq <= $4 ORDER BY seq DESC LIMIT $5
            """, room.rawValue, Array(key.type.utf8), Array(key.stateKey.utf8), position.value, Int64(Self.changesMax))
        return try rows.reversed().map { row in
            Change(
                position: ShardSequence(try row.int64("seq")),
                event: try row.optionalText("event_id").flatMap { EventID($0) })
        }
    }

    /// The events that were `room`'s state under `keys` at `position`; keys without one are left out.
    ///
    /// - Parameter keys: at most ``keysMax``.
    public func events(
        of keys: [StateMapKey], in room: RoomID, at position: ShardSequence
    ) async throws -> [StateMapKey: EventID] {
        precondition(keys.count <= Self.keysMax, "more keys are asked for at once than one call returns")
        guard !keys.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT wanted.number, change.event_id
              FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS wanted (type, state_key, number)
             CROSS JOIN LATERAL (
                   SELECT c.event_id FROM state_change AS c
                    WHERE c.room_id = $1 AND c.type = wanted.type AND c.state_key = wanted.state_key AND c.seq <= $4
                    ORDER BY c.seq DESC LIMIT 1) AS change
             WHERE change.event_id IS NOT NULL
            """, room.rawValue, keys.map { Array($0.type.utf8) }, keys.map { Array($0.stateKey.utf8) }, position.value)
        var events: [StateMapKey: EventID] = [:]
        for row in rows {
            let event = try row.identifier("event_id", as: EventID.self)
            events[keys[Int(try row.int64("number")) - 1]] = event
        }
        return events
    }
}
