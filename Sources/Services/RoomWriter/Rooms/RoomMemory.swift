import Events
import Identifiers
import Storage

/// A room as its shard's writer holds it; belongs to that writer.
///
/// What is committed and what is only placed in a batch are kept apart: when a batch fails, the room goes back to what
/// was committed and nothing that was built on the failure stays.
final class RoomMemory {
    /// What an entry of state counts for in the memory's budget, in bytes.
    static let stateEntryBytes = 250

    let room: RoomID
    /// `nil`: the room is not there.
    private(set) var committed: RoomHead?
    private(set) var speculative: RoomHead?
    private var events = EventMemory()
    /// The states after the extremities.
    private var states: [StateRootID: KeptState] = [:]

    init(room: RoomID, stored: RoomHead?) {
        self.room = room
        committed = stored
        speculative = stored
        if let state = stored?.state, let root = state.root { states[root] = state }
    }

    /// A rough size, for the budget.
    var bytes: Int {
        let entries = states.values.reduce(speculative?.state.tree.count ?? 0) { sum, state in
            // States of one room share nearly all of their nodes.
            sum + state.tree.count / 16
        }
        return 1_000 + entries * Self.stateEntryBytes + events.count * EventMemory.eventBytes
    }

    func event(_ id: EventID) -> KnownEvent? { events[id] }

    func state(_ root: StateRootID) -> KeptState? {
        if let current = speculative?.state, current.root == root { return current }
        return states[root]
    }

    /// Takes what was read from the database.
    func remember(_ found: [KnownEvent]) {
        for event in found { events.insert(event) }
    }

    func remember(_ state: KeptState) {
        if let root = state.root { states[root] = state }
    }

    /// Goes on to what a command made of the room; not committed yet.
    func advance(to head: RoomHead, events placed: [KnownEvent], states made: [KeptState]) {
        speculative = head
        for event in placed { events.insert(event) }
        for state in made { remember(state) }
        let kept = Set(head.extremities.compactMap(\.stateAfter))
        states = states.filter { kept.contains($0.key) }
    }

    /// What was placed up to `head` is durable.
    func commit(_ head: RoomHead) { committed = head }

    /// Goes back to what is committed.
    func rollBack() {
        speculative = committed
        events.removeAll()
        states = [:]
        if let state = committed?.state { remember(state) }
    }
}
