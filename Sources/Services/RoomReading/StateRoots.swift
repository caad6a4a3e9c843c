import Collections
import Events
import Identifiers
import Storage
import Synchronization

// A root never changes, so its tree can be kept as long as there is room. Neighbouring roots share all but a few nodes:
// one loaded on top of a known one costs its delta. Whoever asks for a root that is being loaded waits for that load,
// so that a herd on one room reads it once.

/// Loads room states by their roots, and remembers them.
public final class StateRoots: Sendable {
    /// How many entries the remembered trees hold that they do not share with the tree they were built upon.
    public static let entriesMax = 2_000_000
    /// What a tree counts at least.
    static let entriesPerTreeMin = 64

    private struct Remembered {
        let tree: StateTree
        let room: RoomID
        let weight: Int
    }

    private struct State {
        var trees: OrderedDictionary<StateRootID, Remembered> = [:]
        var byRoom: [RoomID: Set<StateRootID>] = [:]
        var weight = 0
        var loading: [StateRootID: Task<StateTree, any Error>] = [:]
    }

    private let store: StateRootStore
    private let entriesMax: Int
    private let state = Mutex(State())

    public init(store: StateRootStore, entriesMax: Int = StateRoots.entriesMax) {
        self.store = store
        self.entriesMax = entriesMax
    }

    /// Entries remembered now, as ``entriesMax`` counts them.
    public var weight: Int { state.withLock { $0.weight } }

    /// The state that `root` names.
    ///
    /// - Throws: `StoreError.malformedRow` when there is no such root.
    public func tree(_ root: StateRootID, of room: RoomID) async throws -> StateTree {
        let task: Task<StateTree, any Error>? = state.withLock { state in
            if state.trees[root] != nil { return nil }
            if let loading = state.loading[root] { return loading }
            let known = Array(state.byRoom[room] ?? [])
            let task = Task { try await self.load(root, of: room, known: known) }
            state.loading[root] = task
            return task
        }
        if let task { return try await task.value }
        return state.withLock { touch(root, &$0) } ?? StateTree()
    }

    private func load(_ root: StateRootID, of room: RoomID, known: [StateRootID]) async throws -> StateTree {
        defer { state.withLock { $0.loading[root] = nil } }
        guard let chain = try await store.chain(of: root, known: known) else {
            throw StoreError.malformedRow("state_root.root_id")
        }
        var tree = StateTree()
        if let base = chain.known {
            guard let found = state.withLock({ $0.trees[base]?.tree }) else {
                // Forgotten while the chain was read.
                return try await load(root, of: room, known: [])
            }
            tree = found
        }
        var changed = 0
        for bytes in chain.entries {
            let entries = try StateRootEncoding.decode(bytes)
            changed += entries.count
            if tree.isEmpty {
                tree = StateTree(entries.compactMap { entry in entry.event.map { (entry.key, $0) } })
            } else {
                for entry in entries { tree[entry.key] = entry.event }
            }
        }
        let remembered = Remembered(tree: tree, room: room, weight: max(Self.entriesPerTreeMin, changed))
        state.withLock { remember(remembered, as: root, &$0) }
        return tree
    }

    private func touch(_ root: StateRootID, _ state: inout State) -> StateTree? {
        guard let found = state.trees.removeValue(forKey: root) else { return nil }
        state.trees[root] = found
        return found.tree
    }

    private func remember(_ remembered: Remembered, as root: StateRootID, _ state: inout State) {
        if let old = state.trees.updateValue(remembered, forKey: root) { state.weight -= old.weight }
        state.weight += remembered.weight
        state.byRoom[remembered.room, default: []].insert(root)
        while state.weight > entriesMax, state.trees.count > 1 {
            let (oldest, dropped) = state.trees.removeFirst()
            state.weight -= dropped.weight
            state.byRoom[dropped.room]?.remove(oldest)
            if state.byRoom[dropped.room]?.isEmpty ?? false { state.byRoom[dropped.room] = nil }
        }
    }
}
