import Identifiers
import Synchronization

/// One key of a state with its event, and the hash that decides its place.
package struct StateTreeEntry: Sendable {
    let hash: UInt64
    let key: StateMapKey
    let event: EventID

    package init(hash: UInt64, key: StateMapKey, event: EventID) {
        self.hash = hash
        self.key = key
        self.event = event
    }
}

/// A node of a ``StateTree``: up to 32 slots by five bits of the hash, each empty, an entry, or a node below.
///
/// A slot holds a node only when two or more entries fall into it, so one content has one shape. Below the last bits
/// of the hash a node is a list of colliding entries sorted by key.
package final class StateTreeNode: Sendable {
    static let bitsPerLevel: UInt64 = 5
    /// Past this shift all bits of the hash are used up.
    static let collisionShift: UInt64 = 65
    package static let empty = StateTreeNode(entryMap: 0, childMap: 0, entries: [], children: [])

    private static let lastNumber = Atomic<UInt64>(0)

    let number: UInt64
    let entryMap: UInt32
    let childMap: UInt32
    let entries: [StateTreeEntry]
    let children: [StateTreeNode]
    package let count: Int

    init(entryMap: UInt32, childMap: UInt32, entries: [StateTreeEntry], children: [StateTreeNode]) {
        number = Self.lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
        self.entryMap = entryMap
        self.childMap = childMap
        self.entries = entries
        self.children = children
        count = children.reduce(entries.count) { $0 + $1.count }
    }

    static func hash(_ key: StateMapKey) -> UInt64 {
        var hash = StableHash()
        hash.combine(key.type)
        hash.combine(0xff)  // occurs in no UTF-8: ("ab", "c") and ("a", "bc") differ
        hash.combine(key.stateKey)
        return hash.finalize()
    }

    static func bit(_ hash: UInt64, _ shift: UInt64) -> UInt32 { 1 << UInt32((hash >> shift) & 31) }

    /// How many slots in `map` come before `bit`: where its value is in the packed array.
    static func index(_ map: UInt32, _ bit: UInt32) -> Int { (map & (bit &- 1)).nonzeroBitCount }

    package func find(_ key: StateMapKey, hash: UInt64, shift: UInt64) -> EventID? {
        var node = self
        var shift = shift
        while shift < Self.collisionShift {
            let bit = Self.bit(hash, shift)
            if node.entryMap & bit != 0 {
                let entry = node.entries[Self.index(node.entryMap, bit)]
                return entry.hash == hash && entry.key == key ? entry.event : nil
            }
            guard node.childMap & bit != 0 else { return nil }
            node = node.children[Self.index(node.childMap, bit)]
            shift += Self.bitsPerLevel
        }
        return node.entries.first { $0.key == key }?.event
    }

    package func forEach(_ body: (StateMapKey, EventID) throws -> Void) rethrows {
        for entry in entries { try body(entry.key, entry.event) }
        for child in children { try child.forEach(body) }
    }

    /// Builds a subtree from entries that share the bits below `shift`; of equal keys the last one stays.
    static func build(_ entries: [StateTreeEntry], shift: UInt64) -> StateTreeNode {
        if entries.isEmpty { return empty }
        if shift >= collisionShift {
            var list: [StateTreeEntry] = []
            for entry in entries { list = Self.list(list, with: entry) }
            return StateTreeNode(entryMap: 0, childMap: 0, entries: list, children: [])
        }
        var slots = [[StateTreeEntry]](repeating: [], count: 32)
        for entry in entries { slots[Int((entry.hash >> shift) & 31)].append(entry) }
        var entryMap: UInt32 = 0
        var childMap: UInt32 = 0
        var own: [StateTreeEntry] = []
        var children: [StateTreeNode] = []
        for (slot, group) in slots.enumerated() {
            guard let last = group.last else { continue }
            let child = group.count == 1 ? nil : build(group, shift: shift + bitsPerLevel)
            if let child, child.count > 1 {
                childMap |= 1 << UInt32(slot)
                children.append(child)
            } else {
                // One entry, or the same key several times.
                entryMap |= 1 << UInt32(slot)
                own.append(last)
            }
        }
        return StateTreeNode(entryMap: entryMap, childMap: childMap, entries: own, children: children)
    }

    /// A collision list with `entry` in it, sorted by key.
    static func list(_ entries: [StateTreeEntry], with entry: StateTreeEntry) -> [StateTreeEntry] {
        var entries = entries.filter { $0.key != entry.key }
        entries.insert(entry, at: entries.firstIndex { entry.key < $0.key } ?? entries.endIndex)
        return entries
    }
}
