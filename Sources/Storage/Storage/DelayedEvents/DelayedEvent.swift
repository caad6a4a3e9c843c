import Identifiers

/// An event that is to be sent later (MSC4140).
public struct DelayedEvent: Sendable, Equatable {
    public enum Phase: Int16, Sendable {
        case scheduled
        /// Taken up by the owner of the room's shard; nothing stops it any more.
        case sending
        case sent
        case cancelled
        /// The room did not take it.
        case refused

        public var isOver: Bool { self == .sent || self == .cancelled || self == .refused }
    }

    /// What identifies the timer to its clients; hard to guess.
    public let id: String
    /// 16 bytes.
    public let command: [UInt8]
    public let shard: ShardID
    public let room: RoomID
    public let user: UserID
    public let type: String
    /// `nil` for a message event.
    public let stateKey: String?
    /// The draft's JSON.
    public let draft: [UInt8]
    public let delay: Duration

    public init(
        id: String, command: [UInt8], shard: ShardID, room: RoomID, user: UserID, type: String, stateKey: String?,
        draft: [UInt8], delay: Duration
    ) {
        self.id = id
        self.command = command
        self.shard = shard
        self.room = room
        self.user = user
        self.type = type
        self.stateKey = stateKey
        self.draft = draft
        self.delay = delay
    }
}

/// A delayed event as its user sees it.
public struct ListedDelay: Sendable, Equatable {
    public let event: DelayedEvent
    public let phase: DelayedEvent.Phase
    /// When it was scheduled or last restarted, by the database's clock.
    public let since: Timestamp
    public let sentEvent: EventID?
    /// JSON of why it was refused.
    public let error: [UInt8]?
    public let endedAt: Timestamp?
}
