import Events
import Identifiers
import Testing

@Suite struct StateRootEncodingTests {
    private let create = StateMapKey(type: "m.room.create", stateKey: "")
    private let odd = StateMapKey(type: "m.\u{0}odd", stateKey: String(repeating: "é", count: 100))

    @Test func entriesSurviveTheRoundTrip() throws {
        let id = EventID("$a")
        let decoded = try StateRootEncoding.decode(StateRootEncoding.encode([(create, id), (odd, nil)]))
        #expect(decoded.map(\.key) == [create, odd])
        #expect(decoded.map(\.event) == [id, nil])
    }

    @Test func aChainOfDeltasRebuildsTheState() throws {
        let ids = try (0..<4).map { try #require(EventID("$\($0)x")) }
        let snapshot = StateRootEncoding.encode(StateTree([(key: create, event: ids[0]), (key: odd, event: ids[1])]))
        let tree = try StateRootEncoding.tree(
            snapshot: snapshot,
            deltas: [
                StateRootEncoding.encode([(odd, ids[2])]), StateRootEncoding.encode([(odd, nil), (create, ids[3])]),
            ])
        #expect(tree.dictionary == [create: ids[3]])
    }

    @Test func damagedBytesAreRefused() throws {
        let bytes = StateRootEncoding.encode([(create, EventID("$abc"))])
        #expect(throws: StateRootEncoding.DecodingError.unknownFormat(2)) {
            try StateRootEncoding.decode([2] + bytes.dropFirst())
        }
        for length in 0..<bytes.count {
            #expect(throws: StateRootEncoding.DecodingError.truncated) {
                try StateRootEncoding.decode(Array(bytes.prefix(length)))
            }
        }
        #expect(throws: StateRootEncoding.DecodingError.malformed) { try StateRootEncoding.decode(bytes + [0]) }
        #expect(throws: (any Error).self) { try StateRootEncoding.decode([1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) }
    }

    @Test func aRootsNameHoldsShardAndNumber() {
        let root = StateRootID(shard: ShardID(63), number: 1 << 46)
        #expect(root.shard == ShardID(63))
        #expect(root.number == 1 << 46)
        #expect(root.value == 63 << 47 | 1 << 46)
    }
}
