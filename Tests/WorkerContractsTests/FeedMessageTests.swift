import Identifiers
import Testing
import WorkerContracts

@Suite struct FeedMessageTests {
    @Test func messagesComeBackTheSame() throws {
        let typing = RoomTyping(
            room: try #require(RoomID("!r:x")), users: [try #require(UserID("@a:x"))], boot: "b\n", counter: 1 << 40)
        for message in [FeedMessage.shardMoved(ShardID(63)), .typing(typing), .heartbeat] {
            let line = message.line
            #expect(line.last == UInt8(ascii: "\n"))
            #expect(!line.dropLast().contains(UInt8(ascii: "\n")))
            #expect(try FeedMessage.parse(line: line.dropLast()) == message)
        }
    }

    @Test func unknownKindsAreSkippedAndNonsenseIsNot() throws {
        #expect(try FeedMessage.parse(line: #"{"presence":{}}"#.utf8) == nil)
        for line in ["x", "[]", #"{"shard":-1}"#, #"{"shard":32768}"#, #"{"shard":"1"}"#, #"{"typing":{}}"#] {
            #expect(throws: ContractError.self) { try FeedMessage.parse(line: line.utf8) }
        }
    }
}
