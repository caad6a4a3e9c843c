import Identifiers

extension StateTreeNode {
    /// This subtree with `entry` in it; the node itself when nothing changes.
    package func setting(_ entry: StateTreeEntry, shift: UInt64) -> StateTreeNode {
        if shift >= Self.collisionShift {
            if entries.contains(where: { $0.key == entry.key && $0.event == entry.event }) { return self }
            return with(entries: Self.list(entries, with: entry))
        }
        let bit = Self.bit(entry.hash, shift)
        if childMap & bit != 0 {
            let index = Self.index(childMap, bit)
            let child = children[index].setting(entry, shift: shift + Self.bitsPerLevel)
            return child === children[index] ? self : with(child: child, at: index)
        }
        let index = Self.index(entryMap, bit)
        guard entryMap & bit != 0 else {
            var entries = entries
            entries.insert(entry, at: index)
            return StateTreeNode(entryMap: entryMap | bit, childMap: childMap, entries: entries, children: children)
        }
        let present = entries[index]
        if present.hash == entry.hash, present.key == entry.key {
            if present.event == entry.event { return self }
            var entries = entries
            entries[index] = entry
            return with(entries: entries)
        }
        // Two keys want the slot: both move one level down.
        var entries = entries
        entries.remove(at: index)
        var children = children
        children.insert(
            Self.build([present, entry], shift: shift + Self.bitsPerLevel), at: Self.index(childMap, bit))
        return StateTreeNode(
            entryMap: entryMap & ~bit, childMap: childMap | bit, entries: entries, children: children)
    }

    /// This subtree without `key`; the node itself when it is not there.
    package func removing(_ key: StateMapKey, hash: UInt64, shift: UInt64) -> StateTreeNode {
        if shift >= Self.collisionShift {
            let left = entries.filter { $0.key != key }
            return left.count == entries.count ? self : with(entries: left)
        }
        let bit = Self.bit(hash, shift)
        if entryMap & bit != 0 {
            let index = Self.index(entryMap, bit)
            guard entries[index].key == key else { return self }
            var entries = entries
            entries.remove(at: index)
            return StateTreeNode(entryMap: entryMap & ~bit, childMap: childMap, entries: entries, children: children)
        }
        guard childMap & bit != 0 else { return self }
        let index = Self.index(childMap, bit)
        let child = children[index].removing(key, hash: hash, shift: shift + Self.bitsPerLevel)
        if child === children[index] { return self }
        guard child.count == 1, let last = child.entries.first else { return with(child: child, at: index) }
        // A slot with one entry holds it itself, or the shape would depend on the history.
        var entries = entries
        entries.insert(last, at: Self.index(entryMap, bit))
        var children = children
        children.remove(at: index)
        return StateTreeNode(
            entryMap: entryMap | bit, childMap: childMap & ~bit, entries: entries, children: children)
    }

    private func with(entries: [StateTreeEntry]) -> StateTreeNode {
        StateTreeNode(entryMap: entryMap, childMap: childMap, entries: entries, children: children)
    }

    private func with(child: StateTreeNode, at index: Int) -> StateTreeNode {
        var children = children
        children[index] = child
        return StateTreeNode(entryMap: entryMap, childMap: childMap, entries: entries, children: children)
    }
}
