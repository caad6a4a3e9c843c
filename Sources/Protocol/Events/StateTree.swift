import Identifiers

// A room's state as a persistent hash trie (a HAMT with entries held in the inner nodes), keyed by (type, state_key).
//
// A busy room has one state per event. Copying maps of 20,000 entries for each would cost megabytes an event; here a
// change copies the O(log n) nodes above it and shares the rest, the difference of two states visits only nodes that
// are not shared, and whatever was computed for a node (its JSON, say) stays valid for every tree that holds it. The
// shape depends on the content alone, not on the order of changes, so equal contents iterate in the same order.

/// The state of a room at one point: which event is in force for each (type, state_key).
///
/// A value: changing a copy leaves the original alone. Reading a key costs O(log n).
public struct StateTree: Sendable {
    let root: StateTreeNode

    init(root: StateTreeNode) { self.root = root }

    /// The state before a room's first event.
    public init() { root = .empty }

    /// Builds a tree at once, in O(n log n) without copying nodes; of entries with one key the last one stays.
    public init(_ entries: some Sequence<(key: StateMapKey, event: EventID)>) {
        root = .build(
            entries.map { StateTreeEntry(hash: StateTreeNode.hash($0.key), key: $0.key, event: $0.event) }, shift: 0)
    }

    /// How many keys have an event.
    public var count: Int { root.count }
    public var isEmpty: Bool { root.count == 0 }

    /// The event in force for `key`; setting `nil` takes the key out of the state.
    public subscript(key: StateMapKey) -> EventID? {
        get { root.find(key, hash: StateTreeNode.hash(key), shift: 0) }
        set {
            let hash = StateTreeNode.hash(key)
            guard let newValue else {
                self = StateTree(root: root.removing(key, hash: hash, shift: 0))
                return
            }
            self = StateTree(root: root.setting(StateTreeEntry(hash: hash, key: key, event: newValue), shift: 0))
        }
    }

    /// This state with `changes` applied in order; the old values named in them are not looked at.
    public func applying(_ changes: some Sequence<StateChange>) -> StateTree {
        var tree = self
        for change in changes { tree[change.key] = change.new }
        return tree
    }

    /// The changes that lead from `old` to this state, in a stable order; costs only what is not shared between them.
    public func changes(since old: StateTree) -> [StateChange] {
        var changes: [StateChange] = []
        StateTreeNode.difference(from: old.root, to: root, into: &changes)
        return changes
    }

    /// Whether both are the same nodes, not only the same content: O(1).
    public func isSameTree(as other: StateTree) -> Bool { root === other.root }

    /// Calls `body` for each key and its event, in an order that depends on the content alone.
    public func forEach(_ body: (StateMapKey, EventID) throws -> Void) rethrows { try root.forEach(body) }

    /// All keys and events as a dictionary, as state resolution takes them.
    public var dictionary: [StateMapKey: EventID] {
        var result: [StateMapKey: EventID] = [:]
        result.reserveCapacity(count)
        forEach { result[$0] = $1 }
        return result
    }

    /// The top node, for walks that keep something per subtree.
    public var top: Node { Node(node: root) }
}

extension StateTree {
    /// One change of a room's state; `new` is `nil` when the key leaves the state, `old` when it was not in it.
    public struct Change: Sendable, Hashable {
        public let key: StateMapKey
        public let old: EventID?
        public let new: EventID?

        public init(key: StateMapKey, old: EventID?, new: EventID?) {
            self.key = key
            self.old = old
            self.new = new
        }
    }

    /// Names a node's content for as long as the process lives; never reused, so a cache may outlive the node.
    public struct NodeID: Hashable, Sendable {
        let number: UInt64
    }

    /// A subtree.
    ///
    /// A node with the same ``id`` has the same entries and children for ever, in whichever tree it occurs.
    public struct Node: Sendable {
        let node: StateTreeNode

        public var id: NodeID { NodeID(number: node.number) }
        /// How many keys are in this node and below it.
        public var count: Int { node.count }
        /// The entries held by this node itself; they come before those of its ``children`` in iteration order.
        public var entries: [(key: StateMapKey, event: EventID)] { node.entries.map { ($0.key, $0.event) } }
        public var children: [Node] { node.children.map(Node.init) }

        /// Calls `body` for each key and event of the subtree, in iteration order.
        public func forEach(_ body: (StateMapKey, EventID) throws -> Void) rethrows { try node.forEach(body) }
    }

    /// Visits nodes from the top, a node before its children; `enter` says whether to go on below it.
    public func visitNodes(_ enter: (Node) throws -> Bool) rethrows {
        func visit(_ node: StateTreeNode) throws {
            guard try enter(Node(node: node)) else { return }
            for child in node.children { try visit(child) }
        }
        try visit(root)
    }
}

public typealias StateChange = StateTree.Change

extension StateTree: Equatable {
    public static func == (left: StateTree, right: StateTree) -> Bool {
        left.count == right.count && left.changes(since: right).isEmpty
    }
}
