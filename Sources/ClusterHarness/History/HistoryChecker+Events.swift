import Events
import Identifiers
import RoomRules

extension HistoryChecker {
    /// I5: judges every served event again, against its auth events and against the state built up anew from its
    /// parents, which has to be the stored one.
    func checkEvents() -> [Violation] {
        let rooms = Dictionary(grouping: stored.events.values, by: \.room)
        return rooms.keys.sorted().flatMap { room -> [Violation] in
            guard let version = stored.versions[room] else {
                return [Violation(.eventsAreAuthorised, "\(room) has events and no version")]
            }
            var replay = RoomReplay(room: room, rules: version.rules, stored: stored)
            return replay.violations(in: (rooms[room] ?? []).sorted { $0.position < $1.position })
        }
    }
}

/// Goes through a room's events in their stored order and judges each.
private struct RoomReplay {
    let room: RoomID
    let rules: RoomVersionRules
    let stored: StoredCluster
    private var after: [EventID: StateTree] = [:]
    private var trees: [StateRootID: StateTree] = [:]
    private var found: [Violation] = []

    init(room: RoomID, rules: RoomVersionRules, stored: StoredCluster) {
        self.room = room
        self.rules = rules
        self.stored = stored
    }

    mutating func violations(in rows: [StoredCluster.EventRow]) -> [Violation] {
        var last: StateTree?
        for row in rows {
            checkIdentity(row.event)
            checkAuthEvents(row.event)
            let before = stateBefore(row)
            let isServed = !row.isRejected && !row.isSoftFailed
            if isServed {
                refuse(
                    authorize(row.event, state: { before[$0].flatMap { stored.events[$0]?.event } }, rules: rules), row)
            }
            var state = before
            if let key = row.event.stateMapKey, !row.isRejected { state[key] = row.event.id }
            compare(state, with: row.stateAfter, "after \(row.event.id)")
            after[row.event.id] = state
            if isServed { last = state }
        }
        if let last, last.dictionary != stored.currentState[room] ?? [:] {
            note("the current state of \(room) is not what its events lead to")
        }
        return found
    }

    private mutating func note(_ detail: String) { found.append(Violation(.eventsAreAuthorised, detail)) }

    private mutating func refuse(_ decision: AuthDecision, _ row: StoredCluster.EventRow) {
        if case .reject(let why) = decision { note("\(row.event.id) of \(room) is not authorised: \(why)") }
    }

    private mutating func checkIdentity(_ event: Event) {
        guard event.room == room else { return note("\(event.id) is of \(event.room), not of \(room)") }
        do {
            let id = try EventHashing.eventID(event.json, format: rules.eventFormat, redact: rules.redactEvent)
            if id != event.id { note("\(event.id) hashes to \(id)") }
        } catch {
            note("\(event.id) has no ID: \(error)")
        }
        if !EventHashing.hasValidContentHash(event.json) { note("\(event.id) has a wrong content hash") }
        if let key = stored.key,
            !EventHashing.hasValidSignature(
                event.json, by: event.sender.server, keyID: stored.keyID, key: key, redact: rules.redactEvent)
        {
            note("\(event.id) is not signed by its server")
        }
    }

    private mutating func checkAuthEvents(_ event: Event) {
        let auth = event.authEvents.compactMap { stored.events[$0]?.event }
        guard auth.count == event.authEvents.count else { return note("\(event.id) lacks auth events") }
        let isRejected: (EventID) -> Bool = { [stored] in stored.events[$0]?.isRejected ?? true }
        if case .reject(let why) = authorizeAuthEvents(
            of: event, authEvents: auth, isRejected: isRejected, rules: rules)
        {
            note("\(event.id) names wrong auth events: \(why)")
        }
        var state: [StateMapKey: Event] = [:]
        for event in auth { if let key = event.stateMapKey { state[key] = event } }
        if !rules.createIsAuthEvent, let create = room.createEvent { state[.create] = stored.events[create]?.event }
        if case .reject(let why) = authorize(event, state: { state[$0] }, rules: rules) {
            note("\(event.id) is not authorised by its auth events: \(why)")
        }
    }

    /// The state before an event: its only parent's, or at a join of branches the stored one.
    private mutating func stateBefore(_ row: StoredCluster.EventRow) -> StateTree {
        let parents = row.event.prevEvents
        guard let first = parents.first else { return StateTree() }
        if parents.count == 1, let state = after[first] {
            compare(state, with: row.stateBefore, "before \(row.event.id)")
            return state
        }
        return row.stateBefore.flatMap { tree(of: $0) } ?? StateTree()
    }

    private mutating func compare(_ state: StateTree, with root: StateRootID?, _ place: String) {
        guard let root else { return }
        guard let tree = tree(of: root) else { return note("the state \(place) cannot be read") }
        if tree != state { note("the stored state \(place) is not what its events lead to") }
    }

    /// A stored root's tree; each root is decoded once.
    private mutating func tree(of id: StateRootID) -> StateTree? {
        var chain: [StateRootID] = []
        var next: StateRootID? = id
        while let root = next, trees[root] == nil {
            guard let row = stored.roots[root], chain.count <= stored.roots.count else { return nil }
            chain.append(root)
            next = row.parent
        }
        var tree = next.flatMap { trees[$0] } ?? StateTree()
        for root in chain.reversed() {
            do {
                for (key, event) in try StateRootEncoding.decode(stored.roots[root]?.entries ?? []) {
                    tree[key] = event
                }
            } catch {
                return nil
            }
            trees[root] = tree
        }
        return tree
    }
}
