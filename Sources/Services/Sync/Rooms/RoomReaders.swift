import Events
import Identifiers
import Postgres
import RoomReading
import Storage
import WorkerContracts

/// What rooms are read with; shared by all requests of a worker.
final class RoomReaders: Sendable {
    let views: RoomViews
    let events: EventStore
    let served: ServedEvents
    let timelines: TimelineReader
    let recent: RecentRooms
    let deltas: StateDeltaStore
    let roots: StateRoots
    let states: SharedStateJSON
    let summaries: RoomSummaries
    let receipts: ReceiptStore
    let accountData: AccountDataStore
    let relations: RelationStore
    let unread: UnreadCounter
    let ignored: IgnoredUsers
    let erasure: Erasure
    let sticky: StickyEventStore
    let threadSubscriptions: ThreadSubscriptionStore
    let clock: WallClock

    init(database: any PostgresQuerying, isStateSharingOn: Bool, clock: WallClock = .system) {
        self.clock = clock
        sticky = StickyEventStore(database: database)
        threadSubscriptions = ThreadSubscriptionStore(database: database)
        events = EventStore(database: database)
        relations = RelationStore(database: database)
        unread = UnreadCounter(
            store: UnreadStore(database: database),
            contexts: PushContexts(
                facts: RoomFacts(database: database), pushFacts: PushFactStore(database: database)))
        accountData = AccountDataStore(database: database)
        ignored = IgnoredUsers(store: accountData)
        erasure = Erasure(users: ErasedUserStore(database: database))
        served = ServedEvents(
            store: events, bundles: RelationBundles(relations: relations, ignored: ignored), erasure: erasure)
        timelines = TimelineReader(events: events, served: served, erasure: erasure, relations: relations)
        deltas = StateDeltaStore(database: database)
        recent = RecentRooms(events: events, served: served, deltas: deltas)
        roots = StateRoots(store: StateRootStore(database: database))
        states = SharedStateJSON(roots: roots, events: events, isSharingOn: isStateSharingOn)
        summaries = RoomSummaries(store: RoomSummaryStore(database: database), roots: roots, events: events)
        receipts = ReceiptStore(database: database)
        views = RoomViews(
            placements: RoomPlacements(facts: RoomFacts(database: database)),
            memberships: MembershipHistory(database: database), history: StateHistory(database: database),
            events: events)
    }

    /// State events of `room` by their IDs; from its recent part where there is one.
    func stateEvents(_ ids: [EventID], of room: UserRoom, in run: RoomRun?) async throws -> [EventID: PreparedEvent] {
        guard !ids.isEmpty else { return [:] }
        if let run { return try await recent.stateEvents(ids, of: room, in: run) }
        var found: [EventID: PreparedEvent] = [:]
        for start in stride(from: 0, to: ids.count, by: EventStore.eventsMax) {
            let part = Array(ids[start..<min(start + EventStore.eventsMax, ids.count)])
            let stored = try await events.events(part, of: room.room, rules: room.placement.version.rules)
            let prepared = try await served.prepare(
                Array(stored.values), of: room.room, rules: room.placement.version.rules, includesRoom: false,
                isState: true)
            for event in prepared { found[event.stored.event.id] = event }
        }
        return found
    }

    /// What is shown inside of a timeline's events of those that relate to them.
    ///
    /// - Parameters:
    ///   - known: those of them that something relates to, when that is known already.
    ///   - isWanted: otherwise there is nothing.
    func bundles(
        of timeline: Timeline, in room: UserRoom, at position: ShardSequence, for viewer: Viewer,
        known: Set<EventID>?, isWanted: Bool
    ) async throws -> [EventID: RelationBundle] {
        guard isWanted else { return [:] }
        let messages = timeline.events.map(\.stored).filter { known?.contains($0.event.id) ?? true }
        guard !messages.isEmpty, let view = try await views.view(of: room.room, for: viewer.user, at: position) else {
            return [:]
        }
        return try await served.bundles(of: messages, to: viewer, in: view, parents: known, includesRoom: false)
    }

    /// State events of `room` as the reader of `rule` is shown them.
    func shown(_ state: [PreparedEvent], of room: UserRoom, _ rule: VisibilityRule) async throws -> [PreparedEvent] {
        var shown: [PreparedEvent] = []
        for start in stride(from: 0, to: state.count, by: EventStore.eventsMax) {
            let part = Array(state[start..<min(start + EventStore.eventsMax, state.count)])
            shown += try await erasure.appliedToState(part, rule, rules: room.placement.version.rules)
        }
        return shown
    }

    /// The state of `room` at `root`; empty without one.
    func tree(_ root: StateRootID?, of room: UserRoom) async throws -> StateTree {
        guard let root else { return StateTree() }
        return try await roots.tree(root, of: room.room)
    }
}
