import CanonicalJSON
import Events
import Identifiers
import PushRules

/// What a worker may ask of the owner of a shard.
public enum WriterCommand: Sendable {
    // In the room's shard:
    /// Creates a room from its create event and first events, all or none.
    case createRoom(CreateRoom)
    /// Appends events to a room in the order given, all or none.
    case sendEvents(SendEvents)
    /// Takes signed events made elsewhere (federation, fixtures) whose prev and auth events are known.
    case receiveEvents(ReceiveEvents)
    case setReceipt(SetReceipt)
    case forgetRoom(ForgetRoom)
    /// Ephemeral: lives in the owner's memory and goes out by the feed; never stored, no command result.
    case setTyping(SetTyping)
    // In the user's shard:
    case setAccountData(SetAccountData)
    case sendToDevice(SendToDevice)
    case deleteToDevice(DeleteToDevice)
    /// Changes one of a user's tags of a room and leaves the others as they are.
    case setTag(SetTag)
    /// Ephemeral, as typing: what is seen of devices of the shard's users.
    case reportPresence(ReportPresence)
    /// Stores a device's keys; answers how many one-time keys wait, by algorithm.
    case uploadKeys(UploadKeys)
    /// Hands out a one-time or fallback key of each of a user's devices, and answers them by device.
    case claimKeys(ClaimKeys)
    case setCrossSigningKeys(SetCrossSigningKeys)
    /// Adds signatures by a user, in their shard.
    case addSignatures(AddSignatures)
    /// Drops what is stored for devices that are no more.
    case removeDevices(RemoveDevices)
    /// What others are told of a user's devices has changed, such as a name.
    case announceDevices(AnnounceDevices)
    /// Has a user hear of a thread, or no longer.
    case setThreadSubscription(SetThreadSubscription)
    /// Changes one of a user's push rules and leaves the others as they are.
    case changePushRules(ChangePushRules)

    public struct CreateRoom: Sendable {
        /// Before room version 12 chosen by the caller; from 12 the hash of `createEvent`.
        public var room: RoomID
        public var version: String
        /// From version 12 the complete, signed create event; before, `nil` and `events` starts with the create draft.
        public var createEvent: JSONObject?
        public var events: [EventDraft]

        public init(room: RoomID, version: String, createEvent: JSONObject?, events: [EventDraft]) {
            self.room = room
            self.version = version
            self.createEvent = createEvent
            self.events = events
        }
    }

    public struct SendEvents: Sendable {
        /// The most drafts in one command.
        public static let eventsMax = 50
        public var room: RoomID
        public var events: [EventDraft]

        public init(room: RoomID, events: [EventDraft]) {
            self.room = room
            self.events = events
        }
    }

    public struct ReceiveEvents: Sendable {
        public static let eventsMax = 50
        public var room: RoomID
        /// PDUs in an order in which each comes after its prev and auth events.
        public var events: [JSONObject]

        public init(room: RoomID, events: [JSONObject]) {
            self.room = room
            self.events = events
        }
    }

    public struct SetReceipt: Sendable {
        public var room: RoomID
        public var user: UserID
        /// `m.read`, `m.read.private` or `m.fully_read` is not here: that one is account data.
        public var type: String
        public var event: EventID
        /// `nil`: unthreaded.
        ///
        /// Otherwise `main` or the thread root.
        public var thread: String?
        public var readAt: Timestamp

        public init(room: RoomID, user: UserID, type: String, event: EventID, thread: String?, readAt: Timestamp) {
            self.room = room
            self.user = user
            self.type = type
            self.event = event
            self.thread = thread
            self.readAt = readAt
        }
    }

    public struct ForgetRoom: Sendable {
        public var room: RoomID
        public var user: UserID

        public init(room: RoomID, user: UserID) {
            self.room = room
            self.user = user
        }
    }

    public struct SetTyping: Sendable {
        public var room: RoomID
        public var user: UserID
        /// `nil`: stopped typing.
        public var timeout: Duration?

        public init(room: RoomID, user: UserID, timeout: Duration?) {
            self.room = room
            self.user = user
            self.timeout = timeout
        }
    }

    public struct SetAccountData: Sendable {
        /// The most bytes of one type's content.
        public static let contentBytesMax = 65_536
        public var user: UserID
        /// `nil`: global.
        public var room: RoomID?
        public var type: String
        /// `nil`: delete it.
        public var content: JSONObject?

        public init(user: UserID, room: RoomID?, type: String, content: JSONObject?) {
            self.user = user
            self.room = room
            self.type = type
            self.content = content
        }
    }

    public struct SendToDevice: Sendable {
        public var user: UserID
        /// Messages to this user's devices; `nil` device means every device the user has when the writer takes it.
        public var messages: [(device: DeviceID?, message: JSONObject)]

        public init(user: UserID, messages: [(device: DeviceID?, message: JSONObject)]) {
            self.user = user
            self.messages = messages
        }
    }

    /// Drops to-device messages the device has acknowledged by syncing past them.
    public struct DeleteToDevice: Sendable {
        public var user: UserID
        public var device: DeviceID
        public var upTo: ShardSequence

        public init(user: UserID, device: DeviceID, upTo: ShardSequence) {
            self.user = user
            self.device = device
            self.upTo = upTo
        }
    }

    public struct ReportPresence: Sendable {
        /// The most reports in one command.
        public static let reportsMax = 500
        /// Of users of the shard.
        public var reports: [PresenceReport]

        public init(reports: [PresenceReport]) {
            self.reports = reports
        }
    }

    public struct ChangePushRules: Sendable {
        public var user: UserID
        public var change: PushRuleChange

        public init(user: UserID, change: PushRuleChange) {
            self.user = user
            self.change = change
        }
    }

    public struct SetTag: Sendable {
        /// The account data that a room's tags are kept in.
        public static let accountDataType = "m.tag"
        public var user: UserID
        public var room: RoomID
        public var tag: String
        /// What is said about the tag, such as its `order`; `nil`: remove it.
        public var content: JSONObject?

        public init(user: UserID, room: RoomID, tag: String, content: JSONObject?) {
            self.user = user
            self.room = room
            self.tag = tag
            self.content = content
        }
    }
}
