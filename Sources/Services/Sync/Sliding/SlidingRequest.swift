import CanonicalJSON
import Identifiers
import RoomReading
import WorkerContracts

/// What a client asks of sliding sync, in whichever form it did (MSC4186).
struct SlidingRequest: Sendable {
    /// The two forms differ in the words of requests and answers.
    enum Form: Sendable {
        /// `/unstable/org.matrix.simplified_msc3575/sync`, which clients use.
        case deployed
        /// `/v4/sync`, as the proposal was merged.
        case merged
    }

    /// The most lists of a request.
    static let listsMax = 100
    /// The most room subscriptions of a request.
    static let subscriptionsMax = 100
    /// The longest name of a list or a connection, in bytes.
    static let nameBytesMax = 255
    /// The most ranges of a list.
    static let rangesMax = 20

    let form: Form
    let viewer: Viewer
    /// Which of the device's connections it is.
    let connection: String
    /// Where the client is; `nil`: it begins.
    let position: SlidingToken?
    /// Zero: answer at once.
    let timeout: Duration
    /// What the device wants to be seen as.
    let presence: PresenceState
    let lists: [SlidingList]
    let subscriptions: [RoomID: RoomConfig]
    let extensions: SlidingExtensions
}

/// How much of a room is wanted.
struct RoomConfig: Sendable, Hashable {
    var timelineLimit: Int
    var state: RequiredState

    /// What both together want.
    func union(_ other: RoomConfig) -> RoomConfig {
        RoomConfig(timelineLimit: max(timelineLimit, other.timelineLimit), state: state.union(other.state))
    }
}

/// A window on the user's rooms, the newest first.
struct SlidingList: Sendable {
    let name: String
    /// Both ends are in; `nil`: all rooms.
    let ranges: [ClosedRange<Int>]?
    let config: RoomConfig
    let filter: SlidingFilter
}

/// Which rooms a list is of (MSC4186, "SlidingRoomFilter").
struct SlidingFilter: Sendable, Equatable {
    /// The most values of one part.
    static let valuesMax = 100

    var isDirect: Bool?
    var spaces: [RoomID]?
    var isEncrypted: Bool?
    var isInvited: Bool?
    /// `nil` in it: rooms without a type.
    var types: [ByteOrderedText?]?
    var notTypes: [ByteOrderedText?] = []
    var tags: [ByteOrderedText]?
    var notTags: [ByteOrderedText] = []

    var usesTags: Bool { tags != nil || !notTags.isEmpty }
}

/// What else is wanted with the rooms.
struct SlidingExtensions: Sendable {
    /// Of which rooms something is wanted; `nil` for all of a kind.
    struct Scope: Sendable {
        var lists: [String]?
        var rooms: Set<RoomID>?
    }

    struct ToDevice: Sendable {
        var since: Int64?
        var limit: Int
    }

    struct Sticky: Sendable {
        /// The most events when the client does not say, and whatever it says.
        static let limitDefault = 100
        static let limitMax = 500

        var since: StickyToken?
        var limit: Int
    }

    /// The most threads that are told of when the client does not say, and whatever it says.
    static let threadsDefault = 100
    static let threadsMax = 500

    var toDevice: ToDevice?
    /// The most threads wanted; `nil`: none.
    var threads: Int?
    var sticky: Sticky?
    var hasEncryption = false
    var accountData: Scope?
    var receipts: Scope?
    var typing: Scope?
}
