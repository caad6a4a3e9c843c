import Identifiers
import ReplicationLog
import RoomReading
import TestSupport
import Testing

@Suite struct SyncTokenTests {
    private static func user(_ name: String) throws -> UserID { try #require(UserID("@\(name):test.example")) }

    private static func token(
        _ positions: [Int64], toDevice: Int64 = 0, generation: Int64 = 1, typing: TypingPosition = .none
    ) throws -> SyncToken {
        SyncToken(
            cut: Cut(generation: generation, positions: positions.map { ShardSequence($0) }),
            toDevice: ShardSequence(toDevice), typing: typing, user: try user("alice"))
    }

    @Test func tokenComesBackAsItWasMade() throws {
        let typing = TypingPosition(boot: .max, counter: 1 << 40, rooms: [1, .max])
        let token = try Self.token([5, 0, 1 << 40], toDevice: 7, generation: 3, typing: typing)
        #expect(SyncToken(token.text) == token)
        #expect(token.text.utf8.allSatisfy { $0.isLetterDigitOrDash })
    }

    @Test func largestTokenIsUnder1024Characters() throws {
        var random = SeededRandom(seed: 1)
        let typing = TypingPosition(boot: .max, counter: 1 << 40, rooms: Set(1...UInt32(TypingPosition.roomsMax)))
        // As far apart as positions can be, in all shards but the one that is the minimum.
        let positions = [0] + (1..<64).map { _ in Int64.random(in: (1 << 40) - 1_000...(1 << 40), using: &random) }
        let token = try Self.token(positions, toDevice: 1 << 40, generation: 1 << 40, typing: typing)
        #expect(token.text.count < 1_024)
        #expect(SyncToken(token.text) == token)
        let most = try Self.token([0] + Array(repeating: 1 << 40, count: SyncToken.shardsMax - 1), typing: typing)
        #expect(most.text.count <= SyncToken.lengthMax)
        #expect(SyncToken(most.text) == most)
    }

    @Test func tokenIsBoundToItsUser() throws {
        let token = try Self.token([1, 2])
        #expect(token.isBound(to: try Self.user("alice")))
        #expect(!token.isBound(to: try Self.user("bob")))
        #expect(SyncToken(token.text)?.isBound(to: try Self.user("bob")) == false)
    }

    @Test func whatIsNoTokenIsRefused() throws {
        let text = try Self.token([5, 0, 1 << 40], toDevice: 7).text
        for bad in [
            "", "s1_", "garbage", "s2_\(text.dropFirst(3))", "\(text)AAAA", String(text.dropLast(3)), "s1_\u{0}",
            "s1_" + String(repeating: "A", count: 2_000), "s1_" + String(repeating: "_", count: 400),
        ] { #expect(SyncToken(bad) == nil, "\(bad)") }
    }

    @Test func damagedTokensNeverStopTheProcess() throws {
        var random = SeededRandom(seed: 2)
        let good = Array(try Self.token((0..<64).map { $0 << 20 }, toDevice: 7).text.utf8)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for _ in 0..<5_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 3..<bytes.count, using: &random)] = alphabet.randomElement(using: &random) ?? 65
            }
            if let token = SyncToken(String(decoding: bytes, as: UTF8.self)) {
                #expect(token.cut.positions.allSatisfy { $0.value >= 0 })
            }
        }
    }

    @Test func tooManyRoomsOfTypingAreNotNamed() throws {
        let named = TypingPosition(boot: 1, counter: 1, rooms: Set(1...8))
        #expect(named.rooms?.count == 8)
        let unnamed = TypingPosition(boot: 1, counter: 1, rooms: Set(1...9))
        #expect(unnamed.rooms == nil)
        #expect(SyncToken(try Self.token([1], typing: unnamed).text)?.typing == unnamed)
    }

    @Test func messagesTakesBothKindsOfTokens() throws {
        let alice = try Self.user("alice")
        let shard = ShardID(1)
        #expect(PaginationToken("p1_17", in: shard, for: alice)?.position == ShardSequence(17))
        let sync = try Self.token([5, 9]).text
        #expect(PaginationToken(sync, in: shard, for: alice)?.position == ShardSequence(9))
        #expect(PaginationToken(sync, in: shard, for: try Self.user("bob")) == nil)
        for bad in ["p1_", "p1_-1", "p1_x", "p2_1", "p1_99999999999999999999", "17"] {
            #expect(PaginationToken(bad, in: shard, for: alice) == nil, "\(bad)")
        }
    }
}

extension UInt8 {
    fileprivate var isLetterDigitOrDash: Bool {
        (48...57).contains(self) || (65...90).contains(self) || (97...122).contains(self) || self == 45 || self == 95
    }
}
