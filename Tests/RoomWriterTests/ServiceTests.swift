import CanonicalJSON
import ClusterConfiguration
import Foundation
import HTTPServer
import Identifiers
import Leases
import Logging
import OutboundHTTP
import Postgres
import RoomWriter
import Synchronization
import TestSupport
import Testing
import WorkerContracts
import WorkerRuntime
import WriterTestSupport

/// The worker as others meet it: found through the registry, asked over HTTP.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ServiceTests {
    @Test func commandsAndTheFeedGoOverHTTP() async throws {
        try await TestDatabase.with { test in
            try await Self.serve(test) { address in
                let http = HTTPClient()
                defer { http.shutdown() }
                let client = InternalClient(http: http, secret: "secret")
                let directory = ShardDirectory(database: test.database, logger: .silent)
                let writer = WriterClient(client: client, routing: directory, logger: .silent)
                let (alice, room) = (try user("alice"), try TestRoom())
                let (told, tell) = AsyncStream.makeStream(of: FeedMessage.self)
                let feed = FeedClient(
                    client: client, logger: .silent, sources: { [FeedSource(writer: "w", address: address)] },
                    onEvent: { event in if case .message(let message, _) = event { tell.yield(message) } })
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await feed.run() }
                    let created = try await writer.execute(.createRoom(room.command), id: .random(), in: room.shard)
                    #expect(try created.events().count == 4)
                    let typing = WriterCommand.SetTyping(room: room.room, user: alice, timeout: .seconds(60))
                    _ = try await writer.execute(.setTyping(typing), id: .random(), in: room.shard)
                    var hasTyping = false
                    var hasHint = false
                    for await message in told {
                        if case .typing(let typing) = message { hasTyping = hasTyping || typing.users == [alice] }
                        hasHint = hasHint || message == .shardMoved(room.shard)
                        if hasTyping, hasHint { break }
                        let draft = TestRoom.message("again", by: alice)
                        _ = try await writer.execute(
                            .sendEvents(.init(room: room.room, events: [draft])), id: .random(), in: room.shard)
                    }
                    group.cancelAll()
                }
                let malformed = try await client.send(
                    "POST", to: address, path: "/internal/shards/1/commands", json: Array("{}".utf8),
                    deadline: .now + .seconds(5))
                #expect(malformed.status == 400)
                let stranger = try await InternalClient(http: http, secret: "wrong").send(
                    "POST", to: address, path: "/internal/shards/1/commands", json: Array("{}".utf8),
                    deadline: .now + .seconds(5))
                #expect(stranger.status == 401)
            }
        }
    }

    @Test func badServerNameAndKeyAreReportedTogether() throws {
        var environment = try Self.environment(url: "postgres://nowhere/", keyPath: "/nowhere")
        environment["APUS_SERVER_NAME"] = "not a name"
        let configuration = try WorkerConfiguration(environment: environment)
        let problems = #expect(throws: ConfigurationProblems.self) {
            _ = try RoomWriterService(configuration: configuration, logger: .silent)
        }
        #expect(problems?.problems.count == 2)
    }

    private static func environment(url: String, keyPath: String) throws -> [String: String] {
        [
            "APUS_WORKER_NAME": "writer-test", "APUS_SERVER_NAME": TestDatabase.serverName, "APUS_DATABASE_URL": url,
            "APUS_CLUSTER_SECRET": "secret", "APUS_SIGNING_KEY_PATH": keyPath,
        ]
    }

    /// Runs a service from start to stop, with its routes on a listener.
    private static func serve(_ test: TestDatabase, _ body: (String) async throws -> Void) async throws {
        let keyPath = "/tmp/apus-test-key-\(UInt64.random(in: 0 ... .max))"
        try InProcessWriter.key().fileLine.write(toFile: keyPath, atomically: true, encoding: .utf8)
        defer { unlink(keyPath) }
        let configuration = try WorkerConfiguration(environment: environment(url: test.url, keyPath: keyPath))
        let service = try RoomWriterService(configuration: configuration, logger: .silent)
        try await service.start()
        var options = HTTPListener.Options()
        options.isPublic = false
        options.clusterSecret = "secret"
        let listener = HTTPListener(
            host: "127.0.0.1", port: 0, routes: service.internalRoutes, options: options, logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            group.addTask { try await service.run() }
            let address = try #require(await listener.boundAddress())
            try await service.announce(
                WorkerAddresses(publicAddress: nil, internalAddress: address, operationsAddress: "127.0.0.1:1"))
            try await body(address)
            await service.beginDraining()
            await service.drain()
            let owned = try await test.database.query("SELECT FROM lease WHERE owner IS NOT NULL")
            #expect(owned.isEmpty)
            group.cancelAll()
            // Both end by cancellation, whichever way they say so.
            while (try? await group.next()) != nil {}
        }
        await service.stop()
        let registered = try await test.database.query("SELECT FROM worker")
        #expect(registered.isEmpty)
    }
}
