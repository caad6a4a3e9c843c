import CanonicalJSON
import HTTPServer
import Identifiers
import Logging
import RoomWriter
import Synchronization
import Testing
import WorkerContracts

/// Typing and the feed.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct FeedTests {
    @Test func commitsAreHintedAndTypingIsToldWhole() async throws {
        try await TestWriters.with { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let core = writers.writers[0].core
            let room = try TestRoom()
            try await writers.create(room, members: [bob])
            _ = try await writers.type(alice, in: room, for: .seconds(60))
            let (listener, number) = core.openFeed()
            defer { core.hub.remove(number) }
            #expect(try await listener.typing(in: room.room) == [alice])
            _ = try await writers.type(bob, in: room, for: .seconds(60))
            #expect(try await listener.typing(in: room.room) == [alice, bob])
            _ = try await writers.type(alice, in: room, for: nil)
            #expect(try await listener.typing(in: room.room) == [bob])
            _ = try await writers.type(bob, in: room, for: .milliseconds(1))
            #expect(try await listener.typing(in: room.room) == [])

            _ = try await writers.send([TestRoom.message("x", by: alice)], to: room).events()
            while true {
                let messages = try #require(await listener.next())
                if messages.contains(.shardMoved(room.shard)) { break }
            }
        }
    }

    @Test func typingIsForMembersOnlyAndGoesWithTheShard() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let core = writers.writers[0].core
            let room = try TestRoom()
            try await writers.create(room)
            #expect(try await writers.type(try user("mallory"), in: room, for: .seconds(9)).refusal?.status == 403)
            _ = try await writers.type(alice, in: room, for: .seconds(60))
            let (listener, number) = core.openFeed()
            defer { core.hub.remove(number) }
            #expect(try await listener.typing(in: room.room) == [alice])
            await core.owner.lost(room.shard)
            #expect(try await listener.typing(in: room.room) == [])
        }
    }

    @Test func countersGrowAndUsersAreBounded() throws {
        let hub = FeedHub()
        let board = TypingBoard(boot: "b", hub: hub)
        let room = try TestRoom().room
        for number in 0..<TypingBoard.usersPerRoomMax {
            #expect(board.set(try user("u\(number)"), in: room, of: ShardID(1), until: .now + .seconds(60)))
        }
        #expect(!board.set(try user("one.more"), in: room, of: ShardID(1), until: .now + .seconds(60)))
        #expect(board.set(try user("u1"), in: room, of: ShardID(1), until: nil))
        #expect(board.set(try user("one.more"), in: room, of: ShardID(1), until: .now + .seconds(60)))
    }

    @Test func listenerThatFallsFarBehindIsDropped() async throws {
        let listener = FeedListener()
        for number in 0...FeedListener.roomsMax {
            let room = try #require(RoomID("!r\(number):test.example"))
            listener.offer(.typing(RoomTyping(room: room, users: [], boot: "b", counter: Int64(number))))
            // Repeats gather nothing.
            listener.offer(.shardMoved(ShardID(3)))
        }
        #expect(await listener.next() == nil)
    }

    @Test func closedHubEndsItsFeeds() async throws {
        let hub = FeedHub()
        let listener = FeedListener()
        _ = hub.add(listener)
        hub.close()
        #expect(await listener.next() == nil)
        let late = FeedListener()
        _ = hub.add(late)
        #expect(await late.next() == nil)
    }
}

extension TestWriters {
    func type(_ user: UserID, in room: TestRoom, for timeout: Duration?) async throws -> WriterReply {
        try await execute(
            .setTyping(.init(room: room.room, user: user, timeout: timeout)), id: .random(), in: room.shard)
    }
}

extension FeedListener {
    /// What the feed says next about typing in `room`.
    fileprivate func typing(in room: RoomID) async throws -> [UserID] {
        while true {
            for message in try #require(await next()) {
                if case .typing(let typing) = message, typing.room == room { return typing.users }
            }
        }
    }
}
