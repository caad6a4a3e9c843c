import Events
import Identifiers
import Postgres
import RoomReading
import Storage
import TestSupport
import Testing

@Suite struct StateRootsTests {
    private let shard = ShardID(1)

    private func key(_ number: Int) -> StateMapKey { StateMapKey(type: "m.test", stateKey: "\(number)") }
    private func event(_ text: String) throws -> EventID { try #require(EventID("$\(text)")) }
    private func root(_ number: Int64) -> StateRootID { StateRootID(shard: shard, number: number) }
    private func room(_ name: String = "!r:b") throws -> RoomID { try #require(RoomID(name)) }

    /// A snapshot of `size` keys as the first root, and after it roots that each change one key.
    private func makeChain(
        of room: RoomID, size: Int, deltas: Int, from first: Int64 = 1, in database: any PostgresQuerying
    ) async throws {
        let snapshot = StateTree(try (0..<size).map { (key($0), try event("s\($0)")) })
        var rows = [
            StateRootRow(
                root: root(first), room: room, parent: nil, chain: 0, entries: StateRootEncoding.encode(snapshot))
        ]
        for number in 0..<Int64(deltas) {
            let entries = StateRootEncoding.encode([(key(Int(number)), try event("d\(number)"))])
            rows.append(
                StateRootRow(
                    root: root(first + number + 1), room: room, parent: root(first + number),
                    chain: Int32(number + 1), entries: entries))
        }
        try await database.query(StateRootRow.insert(rows))
    }

    private func with(
        entriesMax: Int = StateRoots.entriesMax,
        _ body: (any PostgresQuerying, CountedDatabase, StateRoots) async throws -> Void
    ) async throws {
        try await TestDatabase.with { test in
            let counted = CountedDatabase(test.database)
            let roots = StateRoots(store: StateRootStore(database: counted), entriesMax: entriesMax)
            try await body(test.database, counted, roots)
        }
    }

    @Test func aRootIsItsSnapshotWithTheDeltasOfItsChain() async throws {
        try await with { database, _, roots in
            let room = try room()
            try await makeChain(of: room, size: 5, deltas: 3, in: database)
            let removed = StateRootEncoding.encode([(key(4), nil)])
            try await database.query(
                StateRootRow.insert([
                    StateRootRow(root: root(9), room: room, parent: root(4), chain: 4, entries: removed)
                ]))
            let tree = try await roots.tree(root(9), of: room)
            var expected: [StateMapKey: EventID] = [:]
            for number in 0..<3 { expected[key(number)] = try event("d\(number)") }
            expected[key(3)] = try event("s3")
            #expect(tree.dictionary == expected)
            #expect(try await roots.tree(root(1), of: room).count == 5)
        }
    }

    @Test func aNeighbourOfAKnownRootCostsItsDeltaAndSharesTheRest() async throws {
        try await with { database, _, roots in
            let room = try room()
            try await makeChain(of: room, size: 2_000, deltas: 2, in: database)
            let first = try await roots.tree(root(2), of: room)
            let weight = roots.weight
            let second = try await roots.tree(root(3), of: room)
            #expect(weight >= 2_000)
            #expect(roots.weight - weight < 2_000 / 10)
            #expect(second.changes(since: first).count == 1)
            var known: Set<StateTree.NodeID> = []
            first.visitNodes {
                known.insert($0.id)
                return true
            }
            var fresh = 0
            second.visitNodes { node in
                if !known.contains(node.id) { fresh += 1 }
                return !known.contains(node.id)
            }
            #expect(fresh > 0 && fresh < 10)
        }
    }

    @Test func aHerdOnOneRootIsOneLoad() async throws {
        try await with { database, counted, roots in
            let room = try room()
            try await makeChain(of: room, size: 50, deltas: 1, in: database)
            counted.hold()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<300 { group.addTask { try await roots.tree(root(2), of: room).count } }
                try await waitUntil { counted.count == 1 }
                counted.release()
                for try await count in group { #expect(count == 50) }
            }
            _ = try await roots.tree(root(2), of: room)
            #expect(counted.count == 1)
        }
    }

    @Test func aFailedLoadIsNotRemembered() async throws {
        try await with { database, counted, roots in
            let room = try room()
            await #expect(throws: StoreError.malformedRow("state_root.root_id")) {
                try await roots.tree(root(1), of: room)
            }
            try await makeChain(of: room, size: 3, deltas: 0, in: database)
            #expect(try await roots.tree(root(1), of: room).count == 3)
            #expect(counted.count == 2)
        }
    }

    @Test func theLeastRecentlyUsedTreesGoAtTheLimit() async throws {
        // Three snapshots of 100 entries fit exactly.
        try await with(entriesMax: 300) { database, counted, roots in
            for number in 0..<4 as Range<Int64> {
                try await makeChain(
                    of: try room("!\(number):b"), size: 100, deltas: 0, from: number * 10 + 1, in: database)
            }
            func load(_ number: Int64) async throws {
                _ = try await roots.tree(root(number * 10 + 1), of: try room("!\(number):b"))
            }
            for number in 0..<3 as Range<Int64> { try await load(number) }
            #expect(roots.weight == 300)
            try await load(0)
            #expect(counted.count == 3)
            try await load(3)
            #expect(roots.weight == 300)
            // Room 1 was used the longest ago.
            try await load(0)
            try await load(2)
            #expect(counted.count == 4)
            try await load(1)
            #expect(counted.count == 5)
        }
    }

    @Test func oneTreeOverTheLimitIsKeptAlone() async throws {
        try await with(entriesMax: 50) { database, counted, roots in
            let room = try room()
            try await makeChain(of: room, size: 100, deltas: 0, in: database)
            _ = try await roots.tree(root(1), of: room)
            _ = try await roots.tree(root(1), of: room)
            #expect(counted.count == 1)
            #expect(roots.weight == 100)
        }
    }

    private func waitUntil(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while !condition() {
            try #require(ContinuousClock.now < deadline, "the condition did not come true in 10 s")
            await Task.yield()
        }
    }
}
