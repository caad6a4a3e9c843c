import Identifiers

extension StateTreeNode {
    /// Appends the changes from `old` to `new`, two subtrees at the same place; shared nodes are not entered.
    package static func difference(from old: StateTreeNode, to new: StateTreeNode, into changes: inout [StateChange]) {
        if old === new { return }
        if old.isList || new.isList {
            compare(old.allEntries, new.allEntries, into: &changes)
            return
        }
        var slots = old.entryMap | old.childMap | new.entryMap | new.childMap
        while slots != 0 {
            let bit: UInt32 = 1 << UInt32(slots.trailingZeroBitCount)
            slots &= ~bit
            if let oldChild = old.child(bit), let newChild = new.child(bit) {
                difference(from: oldChild, to: newChild, into: &changes)
            } else {
                compare(old.entries(inSlot: bit), new.entries(inSlot: bit), into: &changes)
            }
        }
    }

    /// A non-empty node without slots holds entries whose hashes are equal.
    private var isList: Bool { entryMap == 0 && !entries.isEmpty }

    private var allEntries: [StateTreeEntry] {
        children.isEmpty ? entries : children.reduce(into: entries) { $0 += $1.allEntries }
    }

    private func child(_ bit: UInt32) -> StateTreeNode? {
        childMap & bit == 0 ? nil : children[Self.index(childMap, bit)]
    }

    private func entries(inSlot bit: UInt32) -> [StateTreeEntry] {
        if entryMap & bit != 0 { return [entries[Self.index(entryMap, bit)]] }
        return child(bit)?.allEntries ?? []
    }

    /// Appends the changes between two sets of entries without a common node.
    private static func compare(
        _ old: [StateTreeEntry], _ new: [StateTreeEntry], into changes: inout [StateChange]
    ) {
        if old.isEmpty {
            changes += new.map { StateChange(key: $0.key, old: nil, new: $0.event) }
            return
        }
        var left = Dictionary(old.map { ($0.key, $0.event) }, uniquingKeysWith: { $1 })
        for entry in new {
            let before = left.removeValue(forKey: entry.key)
            if before != entry.event { changes.append(StateChange(key: entry.key, old: before, new: entry.event)) }
        }
        for entry in old where left[entry.key] != nil {
            changes.append(StateChange(key: entry.key, old: entry.event, new: nil))
        }
    }
}
