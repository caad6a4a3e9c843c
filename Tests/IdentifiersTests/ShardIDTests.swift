import Identifiers
import Testing

@Suite struct ShardIDTests {
    /// FNV-1a with its halves folded, computed elsewhere: stored placements must never move.
    private static let placements: [(room: String, of64: Int16, of7: Int16)] = [
        ("!room:a.test", 25, 3), ("!other:a.test", 56, 2), ("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", 50, 3),
    ]
    private static let users: [(user: String, of64: Int16, of7: Int16)] = [
        ("@alice:a.test", 58, 3), ("@bob:example.org", 36, 0), ("@\u{e9}:b", 18, 3), ("@e\u{301}:b", 48, 5),
    ]

    @Test func placementIsStable() throws {
        for (text, of64, of7) in Self.placements {
            let room = try #require(RoomID(text))
            #expect(ShardID.placement(of: room, count: 64) == ShardID(of64))
            #expect(ShardID.placement(of: room, count: 7) == ShardID(of7))
        }
        for (text, of64, of7) in Self.users {
            let user = try #require(UserID(text))
            #expect(ShardID.placement(of: user, count: 64) == ShardID(of64))
            #expect(ShardID.placement(of: user, count: 7) == ShardID(of7))
        }
    }

    @Test func placementIsEven() throws {
        var counts: [ShardID: Int] = [:]
        for number in 0..<64_000 {
            let user = try #require(UserID("@user\(number):a.test"))
            counts[ShardID.placement(of: user, count: ShardID.countDefault), default: 0] += 1
        }
        #expect(counts.count == 64)
        for (shard, count) in counts { #expect((800...1_200).contains(count), "shard \(shard) has \(count)") }
    }

    @Test func sequencesCount() {
        #expect(ShardSequence.zero.advanced(by: 3) == ShardSequence(3))
        #expect(ShardSequence(2) < ShardSequence(3))
        #expect(ShardID(1) < ShardID(2))
    }

    @Test func timestampsAdvanceByWholeMilliseconds() {
        let start = Timestamp(milliseconds: 1_000)
        #expect(start.advanced(by: .seconds(2)) == Timestamp(milliseconds: 3_000))
        #expect(start.advanced(by: .milliseconds(-1)) == Timestamp(milliseconds: 999))
        #expect(start.advanced(by: .microseconds(1_999)) == Timestamp(milliseconds: 1_001))
    }
}
