import Events
import Identifiers
import RoomRules
import Storage
import WorkerContracts

/// A state of a room in memory, with what it is called in the database.
struct KeptState: Sendable {
    var tree: StateTree
    /// `nil` for the empty state before a room's first event, which is not stored.
    var root: StateRootID?
    /// How many roots are between this one and its snapshot.
    var chain: Int32

    static let empty = KeptState(tree: StateTree(), root: nil, chain: 0)
}

/// Where a room's history ends: what its next event comes after.
///
/// A value, so that what is not committed yet is a copy.
struct RoomHead: Sendable {
    struct Extremity: Sendable {
        let reference: EventParts.Reference
        let depth: Int64
        /// `nil` only for a room's first event, rejected.
        let stateAfter: StateRootID?

        var id: EventID { reference.id }
    }

    let room: RoomID
    let version: RoomVersion
    /// The events that no other names as its predecessor.
    var extremities: [Extremity]
    /// Current state: the states after all extremities, resolved.
    var state: KeptState
    /// The latest redactions that came before their target, which may not be in the database yet.
    private(set) var latestAwaited: [AwaitedRedactionRow] = []

    /// More than two batches can have, the open one and that in flight; what is older can be read.
    static let latestAwaitedMax = (Batch.entriesMax + WriterCommand.ReceiveEvents.eventsMax) * 2

    mutating func postpone(_ redaction: AwaitedRedactionRow) {
        latestAwaited.append(redaction)
        if latestAwaited.count > Self.latestAwaitedMax { latestAwaited.removeFirst() }
    }

    var rules: RoomVersionRules { version.rules }

    /// A room before its first event.
    init(new room: RoomID, version: RoomVersion) {
        self.init(room: room, version: version, extremities: [], state: .empty)
    }

    init(room: RoomID, version: RoomVersion, extremities: [Extremity], state: KeptState) {
        self.room = room
        self.version = version
        self.extremities = extremities
        self.state = state
    }

    /// What a new event of this server names as its predecessors: the deepest, as many as are allowed.
    var predecessors: [Extremity] {
        guard extremities.count > Event.prevEventsMax else { return extremities }
        let deepest = extremities.sorted { ($1.depth, $0.id) < ($0.depth, $1.id) }
        return Array(deepest.prefix(Event.prevEventsMax))
    }
}
