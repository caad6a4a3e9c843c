import Events
import Identifiers
import Postgres

/// A row of `event` as a room's writer makes it.
public struct EventRow: Sendable {
    public var event: Event
    /// The event as canonical JSON.
    public var json: [UInt8]
    public var position: ShardSequence
    /// `nil` for a room's first event.
    public var stateBefore: StateRootID?
    public var stateAfter: StateRootID?
    public var isRejected: Bool
    public var isSoftFailed: Bool
    /// The device and transaction of this server's user who sent it.
    public var transaction: (device: DeviceID, id: String)?
    /// What its sender knew it by while it waited to be sent (MSC4140).
    public var delay: String?

    public init(
        event: Event, json: [UInt8], position: ShardSequence, stateBefore: StateRootID?, stateAfter: StateRootID?,
        isRejected: Bool = false, isSoftFailed: Bool = false, transaction: (device: DeviceID, id: String)? = nil,
        delay: String? = nil
    ) {
        self.event = event
        self.json = json
        self.position = position
        self.stateBefore = stateBefore
        self.stateAfter = stateAfter
        self.isRejected = isRejected
        self.isSoftFailed = isSoftFailed
        self.transaction = transaction
        self.delay = delay
    }

    /// The same for rows of one shard.
    public static func insert(_ rows: [EventRow], in shard: ShardID) -> PostgresStatement {
        insert(rows, in: Array(repeating: shard, count: rows.count))
    }

    /// Adds new events, each in the shard of its room.
    public static func insert(_ rows: [EventRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO event (event_id, room_id, shard, seq, type, state_key, sender, depth, origin_server_ts,
                               state_before, state_after, rejected, soft_failed, sender_device, sender_txn, delay_id, json)
            SELECT event_id, room_id, shard, seq, type, state_key, sender, depth, origin_server_ts,
                   state_before, state_after, rejected, soft_failed, sender_device, sender_txn, delay_id, json
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::bytea[], $7::text[], 
                          $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::boolean[], $13::boolean[], $14::text[],
                          $15::bytea[], $16::text[], $17::bytea[])
                   AS rows (shard, event_id, room_id, seq, type, state_key, sender, depth, origin_server_ts, state_before,
                            state_after, rejected, soft_failed, sender_device, sender_txn, delay_id, json)
            """,
            [
                shards.map(\.number), rows.map(\.event.id.rawValue), rows.map(\.event.room.rawValue),
                rows.map(\.position.value), rows.map { Array($0.event.type.utf8) },
                rows.map { $0.event.stateKey.map { Array($0.utf8) } }, rows.map(\.event.sender.rawValue),
                rows.map(\.event.depth), rows.map(\.event.originServerTS.milliseconds),
                rows.map { $0.stateBefore?.value }, rows.map { $0.stateAfter?.value }, rows.map(\.isRejected),
                rows.map(\.isSoftFailed), rows.map { $0.transaction?.device.rawValue },
                rows.map { $0.transaction.map { Array($0.id.utf8) } }, rows.map(\.delay), rows.map(\.json),
            ])
    }
}

/// A redaction that takes effect: the first one of an event does.
public struct RedactionRow: Sendable {
    public var target: EventID
    public var redaction: EventID

    public init(target: EventID, redaction: EventID) {
        self.target = target
        self.redaction = redaction
    }

    /// Marks events as redacted.
    public static func apply(_ rows: [RedactionRow]) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE event SET redacted_by = rows.redaction
              FROM unnest($1::text[], $2::text[]) AS rows (target, redaction)
             WHERE event.event_id = rows.target AND event.redacted_by IS NULL
            """, [rows.map(\.target.rawValue), rows.map(\.redaction.rawValue)])
    }
}
