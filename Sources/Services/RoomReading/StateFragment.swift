import Events
import Identifiers
import NIOCore
import Synchronization

/// The ready JSON of some state events, shared by every state and every answer that holds them.
///
/// Each event is led by a comma, so that fragments can follow one another; whoever comes first drops its own.
final class StateFragment: Sendable {
    let key: StateFragmentKey
    let bytes: ByteBuffer
    private let live: LiveBytes

    init(key: StateFragmentKey, bytes: ByteBuffer, live: LiveBytes) {
        self.key = key
        self.bytes = bytes
        self.live = live
        live.add(bytes.readableBytes)
    }

    deinit { live.add(-bytes.readableBytes) }
}

/// How many bytes of fragments there are.
final class LiveBytes: Sendable {
    private let count = Atomic<Int>(0)
    func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }
    var current: Int { count.load(ordering: .relaxed) }
}

/// Which events of a state are wanted.
public enum StateSelection: Hashable, Sendable {
    case all
    /// For clients that load members when they need them.
    case withoutMembers
    case members(MemberSelection)

    func includes(_ key: StateMapKey) -> Bool {
        switch self {
        case .all: true
        case .withoutMembers: !key.isType("m.room.member")
        case .members: key.isType("m.room.member")
        }
    }

    func includes(_ event: Event) -> Bool {
        switch self {
        case .all, .withoutMembers: true
        case .members(let selection): selection.includes(event.membership ?? "leave")
        }
    }
}

/// Which members are wanted; a member whom either condition lets pass, or all without any.
public struct MemberSelection: Hashable, Sendable {
    /// This membership.
    public var only: ByteOrderedText?
    /// Any but this membership.
    public var not: ByteOrderedText?

    public init(only: ByteOrderedText? = nil, not: ByteOrderedText? = nil) {
        self.only = only
        self.not = not
    }

    func includes(_ membership: String) -> Bool {
        let membership = ByteOrderedText(membership)
        guard only != nil || not != nil else { return true }
        return only.map { membership == $0 } ?? false || not.map { membership != $0 } ?? false
    }
}

/// Names a fragment's content: a part of a state tree, and which of its events were redacted.
package struct StateFragmentKey: Hashable, Sendable {
    let node: StateTree.NodeID
    /// The node and all below it, or its own entries alone.
    let isWholeSubtree: Bool
    let selection: StateSelection
    /// Sorted.
    let redacted: [EventID]
}

/// A part of a state tree that becomes one fragment.
package struct StateFragmentPlan: Sendable {
    package let key: StateFragmentKey
    /// In the tree's order.
    package let events: [EventID]

    /// The most entries of one fragment but for a single node's own: what is encoded again when one of them changes.
    package static let entriesMax = 256

    /// Cuts `tree` into fragments.
    ///
    /// - Parameter redacted: the room's redacted state events.
    package static func plans(for tree: StateTree, selection: StateSelection, redacted: Set<EventID>)
        -> [StateFragmentPlan]
    {
        var plans: [StateFragmentPlan] = []
        func add(_ node: StateTree.Node, isWholeSubtree: Bool) {
            var events: [EventID] = []
            let take = { (key: StateMapKey, event: EventID) in
                if selection.includes(key) { events.append(event) }
            }
            if isWholeSubtree {
                node.forEach(take)
            } else {
                for (key, event) in node.entries { take(key, event) }
            }
            guard !events.isEmpty else { return }
            let ownRedacted = redacted.isEmpty ? [] : events.filter { redacted.contains($0) }.sorted()
            plans.append(
                StateFragmentPlan(
                    key: StateFragmentKey(
                        node: node.id, isWholeSubtree: isWholeSubtree, selection: selection, redacted: ownRedacted),
                    events: events))
        }
        tree.visitNodes { node in
            let isWholeSubtree = node.count <= entriesMax
            add(node, isWholeSubtree: isWholeSubtree)
            return !isWholeSubtree
        }
        return plans
    }
}
