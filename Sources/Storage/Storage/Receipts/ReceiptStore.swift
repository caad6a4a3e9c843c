import Identifiers
import Postgres

/// Up to where a user has read a room, by type of receipt and thread.
public struct Receipt: Sendable, Equatable {
    public let room: RoomID
    public let user: UserID
    /// `m.read` or `m.read.private`.
    public let type: String
    /// `nil`: unthreaded.
    public let thread: String?
    public let event: EventID
    public let readAt: Timestamp
    /// Where the receipt was set, in the order of the room's shard.
    public let position: ShardSequence
}

/// Reads receipts: the `receipt` table, in which a later one replaces an earlier.
public struct ReceiptStore: Sendable {
    /// The most receipts of one room a call returns: the latest.
    public static let perRoomMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The receipts set in each of `rooms` after one position and up to another, oldest first in each.
    ///
    /// Others' private ones are left out.
    public func receipts(
        in rooms: [(room: RoomID, after: ShardSequence, upTo: ShardSequence)], for user: UserID
    ) async throws -> [RoomID: [Receipt]] {
        guard !rooms.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT p.room_id, r.user_id, r.type, r.thread_id, r.event_id, r.read_at_ms, r.seq
              FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS p (room_id, after, up_to)
              CROSS JOIN LATERAL (
                   SELECT user_id, type, thread_id, event_id, read_at_ms, seq FROM receipt
                    WHERE room_id = p.room_id AND seq > p.after AND seq <= p.up_to
                      AND (type <> 'm.read.private' OR user_id = $4)
                    ORDER BY seq DESC LIMIT $5) AS r
             ORDER BY p.room_id, r.seq
            """, rooms.map(\.room.rawValue), rooms.map(\.after.value), rooms.map(\.upTo.value), user.rawValue,
            Int64(Self.perRoomMax))
        var receipts: [RoomID: [Receipt]] = [:]
        for row in rows {
            let receipt = try Receipt(row: row)
            receipts[receipt.room, default: []].append(receipt)
        }
        return receipts
    }
}

extension Receipt {
    fileprivate init(row: PostgresRow) throws {
        let room = try row.identifier("room_id", as: RoomID.self)
        let user = try row.identifier("user_id", as: UserID.self)
        let event = try row.identifier("event_id", as: EventID.self)
        let thread = try row.text("thread_id")
        self.init(
            room: room, user: user, type: try row.text("type"), thread: thread.isEmpty ? nil : thread, event: event,
            readAt: Timestamp(milliseconds: try row.int64("read_at_ms")),
            position: ShardSequence(try row.int64("seq")))
    }
}
