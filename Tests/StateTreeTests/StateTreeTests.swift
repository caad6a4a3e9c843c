import Events
import Identifiers
import Testing

/// A small seeded generator, so that a failure can be repeated.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

private func event(_ number: Int) throws -> EventID { try #require(EventID("$event\(number)")) }

private func key(_ number: Int) -> StateMapKey {
    StateMapKey(type: number % 5 == 0 ? "m.room.custom" : "m.room.member", stateKey: "@user\(number):apus.test")
}

@Suite struct StateTreeTests {
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func agreesWithADictionaryUnderRandomChanges(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var tree = StateTree()
        var model: [StateMapKey: EventID] = [:]
        for step in 0..<3_000 {
            let key = key(Int.random(in: 0..<700, using: &random))
            let event = Int.random(in: 0..<3, using: &random) == 0 ? nil : try event(step)
            tree[key] = event
            model[key] = event
            #expect(tree.count == model.count)
        }
        #expect(tree.dictionary == model)
        for number in 0..<700 { #expect(tree[key(number)] == model[key(number)]) }
    }

    @Test func changingACopyLeavesTheOriginalAlone() throws {
        var original = StateTree()
        for number in 0..<100 { original[key(number)] = try event(number) }
        let before = original.dictionary
        var copy = original
        copy[key(3)] = nil
        copy[key(4)] = try event(1_000)
        copy[key(500)] = try event(1_001)
        #expect(original.dictionary == before)
        #expect(copy.count == 100)
    }

    @Test(arguments: [UInt64(11), 12, 13])
    func theDifferenceOfTwoStatesLeadsFromOneToTheOther(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var old = StateTree()
        for number in 0..<2_000 { old[key(number)] = try event(number) }
        var new = old
        for step in 0..<60 {
            let key = key(Int.random(in: 0..<2_200, using: &random))
            new[key] = Bool.random(using: &random) ? nil : try event(10_000 + step)
        }
        let changes = new.changes(since: old)
        #expect(old.applying(changes).dictionary == new.dictionary)
        #expect(changes.allSatisfy { old[$0.key] == $0.old && new[$0.key] == $0.new && $0.old != $0.new })
        #expect(changes.count <= 60)
        #expect(new.applying(old.changes(since: new)) == old)
        #expect(new.changes(since: new).isEmpty)
    }

    @Test(arguments: [UInt64(21), 22])
    func theShapeDependsOnTheContentAlone(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var numbers = Array(0..<800)
        let built = StateTree(try numbers.map { (key: key($0), event: try event($0)) })
        numbers.shuffle(using: &random)
        var grown = StateTree()
        for number in numbers + Array(800..<1_000) { grown[key(number)] = try event(number) }
        for number in 800..<1_000 { grown[key(number)] = nil }
        var shapes: [[[StateMapKey]]] = []
        for tree in [built, grown] {
            var shape: [[StateMapKey]] = []
            tree.visitNodes { node in
                shape.append(node.entries.map(\.key))
                return true
            }
            shapes.append(shape)
        }
        #expect(shapes[0] == shapes[1])
        #expect(built == grown)
    }

    @Test func aChangeKeepsTheIdentityOfAllSubtreesBesideIt() throws {
        var tree = StateTree(try (0..<20_000).map { (key: key($0), event: try event($0)) })
        func identities(_ tree: StateTree) -> Set<StateTree.NodeID> {
            var found: Set<StateTree.NodeID> = []
            tree.visitNodes { node in
                found.insert(node.id)
                return true
            }
            return found
        }
        let before = identities(tree)
        tree[key(4_711)] = try event(1)
        let fresh = identities(tree).subtracting(before)
        #expect(fresh.count <= 5)
        #expect(before.count > 500)
    }

    @Test func settingWhatIsThereAlreadyKeepsTheTree() throws {
        let tree = StateTree(try (0..<50).map { (key: key($0), event: try event($0)) })
        var copy = tree
        copy[key(7)] = try event(7)
        copy[key(99)] = nil
        #expect(copy.isSameTree(as: tree))
    }

    @Test func visitingStopsWhereTheCallerSaysSo() throws {
        let tree = StateTree(try (0..<1_000).map { (key: key($0), event: try event($0)) })
        var visited = 0
        tree.visitNodes { node in
            visited += 1
            return node.count == tree.count
        }
        #expect(visited == 1 + tree.top.children.count)
        #expect(tree.top.count == 1_000)
        var walked = 0
        tree.top.forEach { _, _ in walked += 1 }
        #expect(walked == 1_000)
    }

    @Test func canonicallyEquivalentKeysAreDifferentKeys() throws {
        var tree = StateTree()
        tree[StateMapKey(type: "m.é", stateKey: "")] = try event(1)
        tree[StateMapKey(type: "m.e\u{301}", stateKey: "")] = try event(2)
        #expect(tree.count == 2)
        #expect(tree[StateMapKey(type: "m.é", stateKey: "")] == (try event(1)))
    }

    /// Equal hashes cannot be made through the public interface in a test's time, so the nodes are asked directly.
    @Test func keysWithEqualHashesAreKeptApart() throws {
        var node = StateTreeNode.empty
        for number in 0..<4 {
            node = node.setting(StateTreeEntry(hash: 42, key: key(number), event: try event(number)), shift: 0)
        }
        let whole = node
        #expect(node.count == 4)
        #expect(node.find(key(2), hash: 42, shift: 0) == (try event(2)))
        #expect(node.find(key(9), hash: 42, shift: 0) == nil)
        node = node.setting(StateTreeEntry(hash: 42, key: key(2), event: try event(20)), shift: 0)
        node = node.removing(key(1), hash: 42, shift: 0)
        var changes: [StateChange] = []
        StateTreeNode.difference(from: whole, to: node, into: &changes)
        #expect(Set(changes.map(\.key)) == [key(1), key(2)])
        for number in [0, 2] { node = node.removing(key(number), hash: 42, shift: 0) }
        #expect(node.count == 1)
        #expect(node.find(key(3), hash: 42, shift: 0) == (try event(3)))
    }
}
