import Identifiers
import Postgres

extension DelayedEvent {
    /// What ``init(row:)`` reads.
    static let columns = "delay_id, command_id, shard, room_id, user_id, type, state_key, draft, delay_ms"

    init(row: PostgresRow) throws {
        let room = try row.identifier("room_id", as: RoomID.self)
        let user = try row.identifier("user_id", as: UserID.self)
        self.init(
            id: try row.text("delay_id"), command: try row.bytes("command_id"), shard: ShardID(try row.int16("shard")),
            room: room, user: user, type: try row.byteText("type"),
            stateKey: try row.optionalByteText("state_key"),
            draft: try row.bytes("draft"), delay: .milliseconds(try row.int64("delay_ms")))
    }
}

extension ListedDelay {
    /// What ``init(row:)`` reads.
    static let columns = """
        \(DelayedEvent.columns), phase, event_id, error,
        (extract(epoch FROM since) * 1000)::bigint AS since_ms,
        (extract(epoch FROM ended_at) * 1000)::bigint AS ended_ms
        """

    init(row: PostgresRow) throws {
        guard let phase = DelayedEvent.Phase(rawValue: try row.int16("phase")) else {
            throw StoreError.malformedRow("delayed_event.phase")
        }
        self.init(
            event: try DelayedEvent(row: row), phase: phase, since: Timestamp(milliseconds: try row.int64("since_ms")),
            sentEvent: try row.optionalText("event_id").flatMap { EventID($0) }, error: try row.optionalBytes("error"),
            endedAt: try row.optionalInt64("ended_ms").map { Timestamp(milliseconds: $0) })
    }
}
