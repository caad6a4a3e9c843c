import CanonicalJSON
import Identifiers
import Logging
import OutboundHTTP
import Synchronization
import TestSupport
import Testing
import WorkerContracts

/// Owners by list: each look-up after an invalidation moves on to the next address.
private final class ScriptedRouting: ShardRouting {
    private struct State {
        var addresses: [String?]
        var invalidations = 0
        var lookUps: [ContinuousClock.Instant] = []
    }

    private let state: Mutex<State>

    init(_ addresses: [String?]) { state = Mutex(State(addresses: addresses)) }

    var invalidations: Int { state.withLock { $0.invalidations } }
    /// When the owner was asked for.
    var lookUps: [ContinuousClock.Instant] { state.withLock { $0.lookUps } }

    func ownerAddress(of shard: ShardID) async -> String? {
        state.withLock { state in
            state.lookUps.append(.now)
            return state.addresses.first ?? nil
        }
    }

    func invalidate(_ shard: ShardID) async {
        state.withLock { state in
            state.invalidations += 1
            if state.addresses.count > 1 { state.addresses.removeFirst() }
        }
    }
}

@Suite struct WriterClientTests {
    private let http = HTTPClient()
    private let id = CommandID.random()
    private let command: WriterCommand
    private let done = WriterReply.done(events: [], position: ShardSequence(4))

    init() throws {
        command = .forgetRoom(
            .init(room: try #require(RoomID("!r:x")), user: try #require(UserID("@a:x"))))
    }

    private func client(_ routing: ScriptedRouting, deadline: Duration = .seconds(5)) -> WriterClient {
        WriterClient(
            client: InternalClient(http: http, secret: "s3cret"), routing: routing, deadline: deadline,
            logger: Logger(label: "test"))
    }

    private static func text(_ reply: WriterReply) -> String { String(decoding: reply.json.bytes(), as: UTF8.self) }

    @Test func theOwnerGetsTheCommandWithItsIDAndTheSecret() async throws {
        let seen = Mutex<[ScriptedHTTPServer.Request]>([])
        try await withScriptedServer { request, responder in
            seen.withLock { $0.append(request) }
            try await responder.respond(Self.text(done))
        } body: { server in
            let reply = try await client(ScriptedRouting([server.address])).execute(command, id: id, in: ShardID(7))
            #expect(reply == done)
        }
        let request = try #require(seen.withLock { $0.first })
        #expect(request.method == "POST")
        #expect(request.target == "/internal/shards/7/commands")
        #expect(request.header("authorization") == "Apus-Internal s3cret")
        #expect(request.header("content-type") == "application/json")
        let envelope = try CommandEnvelope(json: try JSONValue.parse(request.body))
        #expect(envelope.id == id)
        #expect(envelope.command.json == command.json)
    }

    @Test(arguments: [
        WriterReply.refused(.init(status: 403, errcode: "M_FORBIDDEN", message: "no")),
        .busy(retryAfter: .milliseconds(1_500)),
    ])
    func refusalsAreAnswers(reply: WriterReply) async throws {
        try await withScriptedServer { _, responder in
            try await responder.respond(Self.text(reply))
        } body: { server in
            let routing = ScriptedRouting([server.address])
            let answer = try await client(routing).execute(command, id: id, in: ShardID(0))
            #expect(answer == reply)
            #expect(routing.invalidations == 0)
        }
    }

    /// Moved, moved to nobody yet, a 503, garbage, a broken connection, a stranger: the next owner is asked.
    @Test(arguments: 0..<6)
    func whatIsNoAnswerIsRepeatedWithTheSameID(kind: Int) async throws {
        let ids = Mutex<[String]>([])
        try await withScriptedServer { request, responder in
            let isFirst = ids.withLock { ids in
                ids.append((try? JSONObject.parse(request.body))?["id"]?.stringValue ?? "none")
                return ids.count == 1
            }
            guard isFirst else { return try await responder.respond(Self.text(done)) }
            switch kind {
            case 0: try await responder.respond(Self.text(.moved(to: "writer-2:x")))
            case 1: try await responder.respond(Self.text(.moved(to: nil)))
            case 2: try await responder.respond(status: 503, "{}")
            case 3: try await responder.respond("nonsense")
            case 4: throw ScriptedHTTPServer.CloseConnection()
            default: try await responder.respond(status: 401)
            }
        } body: { server in
            let routing = ScriptedRouting([server.address])
            let reply = try await client(routing).execute(command, id: id, in: ShardID(0))
            #expect(reply == done)
            #expect(routing.invalidations == 1)
        }
        #expect(ids.withLock { $0 } == [id.hexadecimal, id.hexadecimal])
    }

    @Test func aDeadOwnersSuccessorIsFound() async throws {
        let dead = try await withScriptedServer { _, _ in
        } body: {
            $0.address
        }
        try await withScriptedServer { _, responder in
            try await responder.respond(Self.text(done))
        } body: { server in
            let routing = ScriptedRouting([dead, nil, dead, nil, server.address])
            let reply = try await client(routing).execute(command, id: id, in: ShardID(0))
            #expect(reply == done)
            #expect(routing.invalidations == 4)
        }
    }

    /// By what it does, not by how long a busy machine takes for it: it goes on until the deadline, and not beyond.
    @Test(.timeLimit(.minutes(1))) func withoutAnOwnerTheDeadlineEndsIt() async throws {
        let deadline = Duration.seconds(1)
        let routing = ScriptedRouting([nil])
        let start = ContinuousClock.now
        await #expect(throws: WriterUnavailable.self) {
            try await client(routing, deadline: deadline).execute(command, id: id, in: ShardID(3))
        }
        let ended = ContinuousClock.now
        let lookUps = routing.lookUps
        let first = try #require(lookUps.first)
        #expect(lookUps.count > 1)
        #expect(ended - start >= deadline - WriterClient.pauseMax, "it gave up early")
        // The last one may begin late, after a wait that was to end in time.
        #expect(lookUps.filter { $0 > first + deadline }.count <= 1)
    }

    @Test func aFrozenOwnerEndsWithTheDeadlineToo() async throws {
        try await withScriptedServer { _, _ in
        } body: { server in
            await #expect(throws: WriterUnavailable.self) {
                try await client(ScriptedRouting([server.address]), deadline: .milliseconds(300))
                    .execute(command, id: id, in: ShardID(3))
            }
        }
    }

    @Test(arguments: [400, 413, 422])
    func anUnreadableCommandIsNotRepeated(status: Int) async throws {
        try await withScriptedServer { _, responder in
            try await responder.respond(status: status)
        } body: { server in
            let routing = ScriptedRouting([server.address])
            await #expect(throws: WriterUnavailable.self) {
                try await client(routing).execute(command, id: id, in: ShardID(0))
            }
            #expect(routing.invalidations == 0)
        }
    }
}
