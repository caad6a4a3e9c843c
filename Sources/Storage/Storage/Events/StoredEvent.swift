import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules

/// An event as it stands in the database: as it may be served, redacted where it is, with what the room knows about it.
public struct StoredEvent: Sendable {
    /// Redacted already when ``redactedBy`` is set.
    public let event: Event
    /// In the order of the room's shard.
    public let position: ShardSequence
    /// The room's state before the event; `nil` for rejected events and before the first.
    public let stateBefore: StateRootID?
    /// The room's state with the event.
    public let stateAfter: StateRootID?
    /// The redaction in force.
    public let redactedBy: EventID?
    /// How large the event is in the database, in bytes.
    public let byteCount: Int
    /// The device and transaction of this server's user who sent it.
    public let transaction: (device: DeviceID, id: String)?
    /// What its sender knew it by while it waited to be sent (MSC4140).
    public let delay: String?

    /// The columns that ``init(row:rules:)`` reads, of a table named `e`.
    static let columns = """
        e.event_id, e.seq, e.state_before, e.state_after, e.redacted_by, e.sender_device, e.sender_txn, e.delay_id, e.json
        """

    /// - Throws: `StoreError.malformedRow` for what no writer stores.
    init(row: PostgresRow, rules: RoomVersionRules) throws {
        let id = try row.identifier("event_id", as: EventID.self)
        redactedBy = try row.optionalText("redacted_by").flatMap { EventID($0) }
        let bytes = try row.bytes("json")
        byteCount = bytes.count
        var json = try JSONObject.parse(bytes)
        if redactedBy != nil { json = redact(json, rules: rules) }
        event = try Event(json: json, id: id, format: rules.eventFormat)
        position = ShardSequence(try row.int64("seq"))
        stateBefore = try row.optionalInt64("state_before").map { StateRootID($0) }
        stateAfter = try row.optionalInt64("state_after").map { StateRootID($0) }
        delay = try row.optionalText("delay_id")
        if let device = try row.optionalText("sender_device").flatMap({ DeviceID($0) }),
            let transactionID = try row.optionalBytes("sender_txn")
        {
            transaction = (device, String(decoding: transactionID, as: UTF8.self))
        } else {
            transaction = nil
        }
    }

    private init(event: Event, like other: StoredEvent) {
        self.event = event
        position = other.position
        stateBefore = other.stateBefore
        stateAfter = other.stateAfter
        redactedBy = other.redactedBy
        byteCount = other.byteCount
        transaction = other.transaction
        delay = other.delay
    }

    /// The event as a redaction would leave it, for a reader who is not to see more of it.
    ///
    /// - Throws: `EventError` for an event that redaction breaks, which no writer stores.
    public func redacted(_ rules: RoomVersionRules) throws -> StoredEvent {
        StoredEvent(
            event: try Event(json: redact(event.json, rules: rules), id: event.id, format: event.format), like: self)
    }
}
