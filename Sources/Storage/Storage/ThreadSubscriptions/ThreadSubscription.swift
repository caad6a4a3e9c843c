import Identifiers
import Postgres

/// Whether a user wants to hear of a thread, as they last said (MSC4306).
public struct ThreadSubscription: Sendable, Equatable {
    public enum State: String, Sendable {
        /// The user chose to.
        case manual
        /// A client of theirs did, for what happened in the thread.
        case automatic
        case unsubscribed
    }

    public let room: RoomID
    public let root: EventID
    public let state: State
    /// How far the room was then; nothing up to there subscribes again by itself.
    public let roomPosition: ShardSequence
    /// In the order of the user's shard.
    public let position: ShardSequence

    /// The columns that ``init(row:)`` reads.
    static let columns = "room_id, root_id, is_subscribed, is_automatic, room_seq, seq"

    /// - Throws: `StoreError.malformedRow` for what no writer stores.
    init(row: PostgresRow) throws {
        let room = try row.identifier("room_id", as: RoomID.self)
        let root = try row.identifier("root_id", as: EventID.self)
        self.room = room
        self.root = root
        state = try !row.bool("is_subscribed") ? .unsubscribed : try row.bool("is_automatic") ? .automatic : .manual
        roomPosition = ShardSequence(try row.int64("room_seq"))
        position = ShardSequence(try row.int64("seq"))
    }
}
