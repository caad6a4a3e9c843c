import CanonicalJSON
import Identifiers

/// A pusher as push workers know it.
public struct WorkingPusher: Sendable {
    public let id: Int64
    public let pusher: Pusher
    /// Grows with every change of any pusher.
    public let stamp: Int64
    /// Whether its gateway did not take what it was sent last.
    public let isFailing: Bool
    /// How much is unread, as its gateway was told last.
    public var badge: Int64
}

/// A notification on its way.
public struct PushDelivery: Sendable {
    public var pusher: Int64
    public var room: RoomID
    /// The event's, in the order of its room's shard.
    public var position: ShardSequence
    /// `nil`: the user has read something, and only how much is unread is told.
    public var event: EventID?
    public var tweaks: JSONObject

    public init(pusher: Int64, room: RoomID, position: ShardSequence, event: EventID?, tweaks: JSONObject) {
        self.pusher = pusher
        self.room = room
        self.position = position
        self.event = event
        self.tweaks = tweaks
    }
}
