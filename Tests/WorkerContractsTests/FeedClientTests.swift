import Identifiers
import Logging
import OutboundHTTP
import Synchronization
import TestSupport
import Testing
import WorkerContracts

@Suite struct FeedClientTests {
    private let internalClient = InternalClient(http: HTTPClient(), secret: "s")

    private static let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    private static func chunk(_ text: String) -> String { String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n" }

    /// Runs a client on `sources` and hands its events to `body`; ends it afterwards.
    private func withFeed(
        silenceMax: Duration = FeedMessage.silenceMax,
        sources: @escaping @Sendable () async -> [FeedSource],
        body: (inout AsyncStream<FeedEvent>.Iterator) async -> Void
    ) async {
        let (events, sink) = AsyncStream.makeStream(of: FeedEvent.self)
        let client = FeedClient(
            client: internalClient, logger: Logger(label: "test"), silenceMax: silenceMax, sources: sources,
            onEvent: { sink.yield($0) })
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            var iterator = events.makeAsyncIterator()
            await body(&iterator)
            group.cancelAll()
        }
    }

    @Test func hintsAndTypingArriveHoweverTheyAreCut() async throws {
        let typing = RoomTyping(
            room: try #require(RoomID("!r:x")), users: [try #require(UserID("@a:x"))], boot: "b", counter: 3)
        let text = String(
            decoding: FeedMessage.shardMoved(ShardID(5)).line + FeedMessage.heartbeat.line
                + FeedMessage.typing(typing).line + Array("{\"later\":1}\n".utf8)
                + FeedMessage.shardMoved(ShardID(6)).line,
            as: UTF8.self)
        try await withScriptedServer { request, responder in
            guard request.target == "/internal/feed", request.header("authorization") == "Apus-Internal s" else {
                return try await responder.respond(status: 401)
            }
            try await responder.write(Self.head)
            for character in text { try await responder.write(Self.chunk(String(character))) }
        } body: { server in
            let source = FeedSource(writer: "w", address: server.address)
            await withFeed(sources: { [source] }) { events in
                #expect(await events.next() == .connected(writer: "w"))
                #expect(await events.next() == .message(.shardMoved(ShardID(5)), writer: "w"))
                #expect(await events.next() == .message(.typing(typing), writer: "w"))
                #expect(await events.next() == .message(.shardMoved(ShardID(6)), writer: "w"))
            }
        }
    }

    /// Closed, nonsense, silence: each ends the connection, and a new one is made.
    @Test(arguments: 0..<3)
    func aLostFeedIsOpenedAgain(kind: Int) async throws {
        try await withScriptedServer { request, responder in
            try await responder.write(Self.head + Self.chunk("{\"shard\":\(request.connection)}\n"))
            switch kind {
            case 0: throw ScriptedHTTPServer.CloseConnection()
            case 1: try await responder.write(Self.chunk("nonsense\n"))
            default: break
            }
        } body: { server in
            let source = FeedSource(writer: "w", address: server.address)
            await withFeed(silenceMax: .milliseconds(300), sources: { [source] }) { events in
                for connection in 0..<2 {
                    #expect(await events.next() == .connected(writer: "w"))
                    #expect(
                        await events.next() == .message(.shardMoved(ShardID(Int16(connection))), writer: "w"))
                    #expect(await events.next() == .disconnected(writer: "w"))
                }
            }
        }
    }

    @Test func aWriterThatComesLaterIsFollowedAndOneThatIsGoneIsNot() async throws {
        try await withScriptedServer { request, responder in
            try await responder.write(Self.head + Self.chunk("{\"shard\":\(request.connection)}\n"))
            throw ScriptedHTTPServer.CloseConnection()
        } body: { server in
            let asked = Mutex(0)
            let source = FeedSource(writer: "late", address: server.address)
            // Absent at first, there once, then gone.
            let sources: @Sendable () async -> [FeedSource] = {
                asked.withLock { asked in
                    asked += 1
                    return asked == 2 ? [source] : []
                }
            }
            await withFeed(sources: sources) { events in
                #expect(await events.next() == .connected(writer: "late"))
            }
            #expect(asked.withLock { $0 } >= 2)
        }
    }

    @Test func linesEndAtTheirLimit() async throws {
        try await withScriptedServer { request, responder in
            try await responder.write(Self.head)
            let piece = String(repeating: " ", count: 1 << 16)
            for _ in 0...(FeedMessage.lineBytesMax >> 16) { try await responder.write(Self.chunk(piece)) }
        } body: { server in
            let source = FeedSource(writer: "w", address: server.address)
            await withFeed(sources: { [source] }) { events in
                #expect(await events.next() == .connected(writer: "w"))
                #expect(await events.next() == .disconnected(writer: "w"))
            }
        }
    }
}
