import Events
import Identifiers
import RoomRules
import Signing

/// What the database has after a run, of the rooms that are looked at and of the log.
public struct StoredCluster: Sendable {
    public struct EventRow: Sendable {
        public var event: Event
        public var room: RoomID
        /// The position in the room's shard.
        public var position: ShardSequence
        public var isRejected: Bool
        public var isSoftFailed: Bool
        public var stateBefore: StateRootID?
        public var stateAfter: StateRootID?

        public init(
            event: Event, room: RoomID, position: ShardSequence, isRejected: Bool = false, isSoftFailed: Bool = false,
            stateBefore: StateRootID? = nil, stateAfter: StateRootID? = nil
        ) {
            self.event = event
            self.room = room
            self.position = position
            self.isRejected = isRejected
            self.isSoftFailed = isSoftFailed
            self.stateBefore = stateBefore
            self.stateAfter = stateAfter
        }
    }

    public struct LogRow: Sendable {
        public var shard: ShardID
        public var sequence: ShardSequence
        public var epoch: Int64

        public init(shard: ShardID, sequence: ShardSequence, epoch: Int64) {
            self.shard = shard
            self.sequence = sequence
            self.epoch = epoch
        }
    }

    public struct Head: Sendable {
        public var epoch: Int64
        public var sequence: ShardSequence

        public init(epoch: Int64, sequence: ShardSequence) {
            self.epoch = epoch
            self.sequence = sequence
        }
    }

    /// A stored state: a whole one, or what differs from its parent.
    public struct Root: Sendable {
        public var parent: StateRootID?
        public var entries: [UInt8]

        public init(parent: StateRootID?, entries: [UInt8]) {
            self.parent = parent
            self.entries = entries
        }
    }

    public var events: [EventID: EventRow] = [:]
    public var versions: [RoomID: RoomVersion] = [:]
    public var shards: [RoomID: ShardID] = [:]
    public var currentState: [RoomID: [StateMapKey: EventID]] = [:]
    public var roots: [StateRootID: Root] = [:]
    public var log: [LogRow] = []
    public var heads: [ShardID: Head] = [:]
    /// The server's own key, to verify its signatures; `nil` leaves them unchecked.
    public var key: VerificationKey?
    public var keyID = ""

    public init() {}
}
