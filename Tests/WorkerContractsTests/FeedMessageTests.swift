import Identifiers
import Testing
import WorkerContracts

@Suite struct FeedMessageTests {
    @Test func messagesComeBackTheSame() throws {
        let typing = RoomTyping(
            room: try #require(RoomID("!r:x")), users: [try #require(UserID("@a:x"))], boot: "b\n", counter: 1 << 40)
        let presence = UserPresence(
            user: try #require(UserID("@a:x")), shard: ShardID(3), state: .online, isCurrentlyActive: true,
            activeAgo: .milliseconds(5), status: "a\n", boot: "b\n", counter: 1 << 40)
        let gone = UserPresence(
            user: try #require(UserID("@a:x")), shard: ShardID(0), state: .offline, isCurrentlyActive: false,
            activeAgo: nil, status: nil, boot: "b", counter: 0)
        for message in [
            FeedMessage.shardMoved(ShardID(63)), .typing(typing), .heartbeat, .presence(presence), .presence(gone),
            .presenceReleased(ShardID(63)),
        ] {
            let line = message.line
            #expect(line.last == UInt8(ascii: "\n"))
            #expect(!line.dropLast().contains(UInt8(ascii: "\n")))
            #expect(try FeedMessage.parse(line: line.dropLast()) == message)
        }
    }

    @Test func unknownKindsAreSkippedAndNonsenseIsNot() throws {
        #expect(try FeedMessage.parse(line: #"{"surprise":{}}"#.utf8) == nil)
        for line in [
            "x", "[]", #"{"shard":-1}"#, #"{"shard":32768}"#, #"{"shard":"1"}"#, #"{"typing":{}}"#, #"{"presence":{}}"#,
            #"{"presence_released":-1}"#,
        ] {
            #expect(throws: ContractError.self) { try FeedMessage.parse(line: line.utf8) }
        }
    }
}
