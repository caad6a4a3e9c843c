import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage
import WorkerContracts

// A command is all or nothing, and what it needs may not be in memory. So it works on a copy of the room's head and on
// rows of its own; an obstacle throws all of it away, and nothing has to be taken back. Copies are cheap: state is a tree
// that shares its nodes.

/// What one command makes of a room: the head after it and the rows that say so.
struct RoomTransition {
    let environment: RoomEnvironment
    let memory: RoomMemory
    let facts: CommandFacts
    let builder: EventBuilder
    private(set) var head: RoomHead
    var rows: CommitRows
    /// Events that are new or changed by this command.
    private(set) var placed: [EventID: KnownEvent] = [:]
    /// States that this command made.
    private(set) var made: [StateRootID: KeptState] = [:]

    init(of memory: RoomMemory, head: RoomHead, rows: CommitRows, facts: CommandFacts, in environment: RoomEnvironment)
    {
        self.memory = memory
        self.head = head
        self.rows = rows
        self.facts = facts
        self.environment = environment
        builder = EventBuilder(rules: head.rules, server: environment.server, key: environment.key)
    }

    var rules: RoomVersionRules { head.rules }

    // MARK: What is known

    func known(_ id: EventID) -> KnownEvent? { placed[id] ?? memory.event(id) }

    /// Makes sure that what is known of `ids` is in memory; those that are not in the room are left out of the answer.
    func look(for ids: [EventID]) throws(Obstacle) -> [EventID: KnownEvent] {
        var found: [EventID: KnownEvent] = [:]
        var missing: [EventID] = []
        for id in ids {
            if let event = known(id) {
                found[id] = event
            } else if !facts.absentEvents.contains(id) {
                missing.append(id)
            }
        }
        guard missing.isEmpty else { throw .needs(.events(missing, room: head.room, rules: rules)) }
        return found
    }

    func event(_ id: EventID) throws(Obstacle) -> KnownEvent? { try look(for: [id])[id] }

    /// The state called `root`.
    func state(_ root: StateRootID?) throws(Obstacle) -> KeptState {
        guard let root else { return .empty }
        if let state = made[root] ?? memory.state(root) { return state }
        if head.state.root == root { return head.state }
        throw .needs(.states([root], room: head.room))
    }

    /// The event in force for `key` in current state.
    func current(_ key: StateMapKey) throws(Obstacle) -> Event? {
        guard let id = head.state.tree[key] else { return nil }
        return try event(id)?.event
    }

    /// The membership of `user` in current state; `nil` when there is none.
    func membership(of user: UserID) throws(Obstacle) -> String? { try current(.member(user))?.membership }

    /// Judges `event` against a state.
    func judge(_ event: Event, against tree: StateTree) throws(Obstacle) -> AuthDecision {
        let ids = (authEventKeys(for: event, rules: rules) + [.create]).compactMap { tree[$0] }
        let found = try look(for: ids)
        return authorize(event, state: { key in tree[key].flatMap { found[$0]?.event } }, rules: rules)
    }

    // MARK: Recording

    /// Writes an event down and goes on to the room's head after it.
    ///
    /// - Parameters:
    ///   - before: the room's state before the event.
    ///   - redacting: the event it redacts with effect.
    mutating func record(
        _ event: Event, before: KeptState, isRejected: Bool = false, isSoftFailed: Bool = false,
        redacting: KnownEvent? = nil, transaction: ClientTransaction? = nil, delay: String? = nil
    ) throws(Obstacle) {
        let position = rows.enter(.event, head.room)
        var after = before
        if !isRejected, let key = event.stateMapKey {
            let change = StateChange(key: key, old: before.tree[key], new: event.id)
            after = keep(before.tree.applying([change]), [change], from: before, at: position, part: 0)
        }
        rows.events.append(
            EventRow(
                event: event, json: event.json.bytes(), position: position, stateBefore: before.root,
                stateAfter: after.root, isRejected: isRejected, isSoftFailed: isSoftFailed,
                transaction: transaction.map { ($0.device, $0.id) }, delay: delay))
        placed[event.id] = KnownEvent(
            event: event, position: position, stateAfter: after.root, isRejected: isRejected,
            isSoftFailed: isSoftFailed)
        try redactIfAwaited(event)
        guard !isRejected, !isSoftFailed else { return }
        if let redacting { try redact(redacting, by: event.id) }
        try note(event, at: position)
        let extremities = replaceExtremities(with: event, after)
        let state = try resolved(extremities, newest: after, at: position, part: 1)
        try setCurrent(state, by: event, at: position)
    }

    /// - Returns: the extremities there are now.
    private mutating func replaceExtremities(with event: Event, _ after: KeptState) -> [RoomHead.Extremity] {
        let named = Set(event.prevEvents)
        for extremity in head.extremities where named.contains(extremity.id) {
            rows.removeExtremity(extremity.id, of: head.room)
        }
        head.extremities.removeAll { named.contains($0.id) }
        head.extremities.append(
            RoomHead.Extremity(
                reference: builder.reference(to: event), depth: event.depth, stateAfter: after.root))
        rows.addExtremity(event.id, of: head.room)
        return head.extremities
    }

    /// Notes a redaction whose target has not arrived.
    mutating func postpone(_ redaction: AwaitedRedactionRow) {
        rows.awaitedRedactions.append(redaction)
        head.postpone(redaction)
    }

    /// Redacts an event at once whose redaction came before it.
    private mutating func redactIfAwaited(_ event: Event) throws(Obstacle) {
        let redactions = (facts.awaitedRedactions + head.latestAwaited).filter { $0.target == event.id }
        guard let target = placed[event.id], !event.isType("m.room.create"),
            let redaction = redactions.first(where: { $0.covers(event.sender) })
        else { return }
        try redact(target, by: redaction.redaction)
        rows.arrivedRedactions.append(redaction)
    }

    private mutating func redact(_ target: KnownEvent, by redaction: EventID) throws(Obstacle) {
        rows.redactions.append(RedactionRow(target: target.event.id, redaction: redaction))
        let json = RoomRules.redact(target.event.json, rules: rules)
        var redacted = target
        do {
            redacted.event = try Event(json: json, id: target.event.id, format: rules.eventFormat)
        } catch {
            preconditionFailure("a redacted event is an event")
        }
        redacted.isRedacted = true
        placed[target.event.id] = redacted
    }

    // MARK: State

    /// The state before an event with these predecessors, or after all extremities.
    ///
    /// - Parameters:
    ///   - newest: the state after the last of `events`, when that is known.
    ///   - part: which of the roots that may be made at `position` this one is.
    mutating func resolved(
        _ events: [RoomHead.Extremity], newest: KeptState? = nil, at position: ShardSequence, part: Int64
    ) throws(Obstacle) -> KeptState {
        if events.count == 1, let newest { return newest }
        var states: [KeptState] = []
        for root in Set(events.map(\.stateAfter)) { states.append(try state(root)) }
        if states.count == 1 { return states[0] }
        if states.isEmpty { return .empty }
        let ids = events.map(\.id).sorted()
        guard let tree = facts.resolutions[ids] else {
            throw .needs(
                .resolution(
                    ResolutionInput(
                        room: head.room, rules: rules, of: ids, states: states.map(\.tree), placed: placed)))
        }
        for state in states + [head.state] where state.tree == tree { return state }
        return keep(tree, tree.changes(since: head.state.tree), from: head.state, at: position, part: part)
    }

    /// Roots that one position may need: after the event, of current state, before the event.
    static let rootsPerPosition: Int64 = 4

    /// Gives a new state its root: what differs from `parent`, or from time to time a snapshot.
    private mutating func keep(
        _ tree: StateTree, _ changes: [StateChange], from parent: KeptState, at position: ShardSequence, part: Int64
    ) -> KeptState {
        let root = StateRootID(shard: rows.shard, number: position.value * Self.rootsPerPosition + part)
        let isSnapshot =
            parent.root == nil || parent.chain >= Self.chainMax(entries: tree.count) || changes.count * 2 > tree.count
        let state = KeptState(tree: tree, root: root, chain: isSnapshot ? 0 : parent.chain + 1)
        rows.roots.append(
            StateRootRow(
                root: root, room: head.room, parent: isSnapshot ? nil : parent.root, chain: state.chain,
                entries: isSnapshot
                    ? StateRootEncoding.encode(tree) : StateRootEncoding.encode(changes.map { ($0.key, $0.new) })))
        made[root] = state
        return state
    }

    /// The longest chain on a snapshot: the more there is to write again, the longer, as far as readers follow it.
    private static func chainMax(entries: Int) -> Int32 {
        Int32(min(StateRootStore.chainMax - 1, max(50, entries / 4)))
    }

    /// Makes `state` the room's current state.
    ///
    /// The event's own change has the event's position; what resolution changed has an entry of its own.
    private mutating func setCurrent(_ state: KeptState, by event: Event, at position: ShardSequence) throws(Obstacle) {
        let changes = state.tree.changes(since: head.state.tree)
        head.state = state
        guard !changes.isEmpty, let root = state.root else { return }
        let isOwn = changes.count == 1 && changes[0].new == event.id
        let position = isOwn ? position : rows.enter(.stateChange, head.room)
        for change in changes {
            rows.stateChanges.append(StateChangeRow(room: head.room, position: position, change: change, root: root))
        }
        for change in changes where change.key.isType("m.room.member") {
            if let user = UserID(change.key.stateKey) { try setMembership(of: user, change, at: position) }
        }
    }

    private mutating func setMembership(
        of user: UserID, _ change: StateChange, at position: ShardSequence
    ) throws(Obstacle) {
        let found = try look(for: [change.old, change.new].compactMap { $0 })
        let (old, new) = (change.old.flatMap { found[$0]?.event }, change.new.flatMap { found[$0]?.event })
        let isLocal = user.server == environment.server
        rows.memberships.append(
            MembershipRow(room: head.room, user: user, event: new, isLocal: isLocal, position: position))
        let (before, now) = (old?.membership ?? "leave", new?.membership ?? "leave")
        guard isLocal, old == nil || !before.utf8.elementsEqual(now.utf8), let event = new ?? old else { return }
        rows.history.append(
            MembershipHistoryRow(
                user: user, room: head.room, position: position, membership: now, event: event.id,
                sender: event.sender))
        _ = rows.enter(.membership, user)
    }
}
