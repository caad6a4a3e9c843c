import CanonicalJSON
import Identifiers

/// An event before its room's writer has placed it: no prev_events, auth_events, depth, hashes or signatures yet.
public struct EventDraft: Sendable, Equatable {
    public var type: String
    /// `nil` for a message event.
    public var stateKey: String?
    public var sender: UserID
    public var content: JSONObject
    /// The event an `m.room.redaction` redacts; the writer puts it where the room version wants it.
    public var redacts: EventID?
    /// `nil`: the writer's clock.
    public var originServerTS: Timestamp?
    /// The sender's device and transaction, echoed to that device in `unsigned.transaction_id`.
    public var transaction: ClientTransaction?
    /// What the sender knows it by while it waits to be sent, told to them with the event (MSC4140).
    public var delay: String?
    /// A state event equal to the current one (same sender and content) is answered with that one, not sent again.
    public var unlessUnchanged: Bool
    /// The sender must be in the room already: what they say of themselves does not bring them back.
    public var needsMembership: Bool
    /// How long the event sticks (MSC4354); `nil`: it does not.
    public var stickyDuration: Duration?

    public init(
        type: String, stateKey: String?, sender: UserID, content: JSONObject, redacts: EventID? = nil,
        originServerTS: Timestamp? = nil, transaction: ClientTransaction? = nil, delay: String? = nil,
        unlessUnchanged: Bool = false, needsMembership: Bool = false, stickyDuration: Duration? = nil
    ) {
        self.type = type
        self.stateKey = stateKey
        self.sender = sender
        self.content = content
        self.redacts = redacts
        self.originServerTS = originServerTS
        self.transaction = transaction
        self.delay = delay
        self.unlessUnchanged = unlessUnchanged
        self.needsMembership = needsMembership
        self.stickyDuration = stickyDuration
    }
}

/// A client's transaction ID and the device that used it.
public struct ClientTransaction: Sendable, Equatable {
    public var device: DeviceID
    public var id: String

    public init(device: DeviceID, id: String) {
        self.device = device
        self.id = id
    }
}
