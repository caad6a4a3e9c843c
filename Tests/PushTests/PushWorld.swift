import CanonicalJSON
import Events
import Identifiers
import Leases
import OutboundHTTP
import Postgres
import Push
import PushRules
import Storage
import Synchronization
import TestSupport
import Testing
import WorkerContracts
import WriterTestSupport

/// A room-writer and push workers in the test's process, on a database of their own.
final class PushWorld: Sendable {
    let test: TestDatabase
    private let writer: InProcessWriter
    private struct Worker {
        let name: String
        let parts: PushParts
        let task: Task<Void, any Error>
    }

    private let workers = Mutex<[Worker]>([])
    /// As the registry lists them: a killed one stays in it for a while.
    private let listed = Mutex<Set<String>>([])

    var database: PostgresDatabase { test.database }

    private init(test: TestDatabase) throws {
        self.test = test
        writer = try InProcessWriter(url: test.url)
    }

    static func with(_ body: (PushWorld) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let world = try PushWorld(test: test)
            try await world.writer.serving {
                do {
                    try await body(world)
                } catch {
                    await world.endWorkers()
                    throw error
                }
                await world.endWorkers()
            }
        }
    }

    /// Runs `body` with a gateway for each of `answers`, and two people.
    static func withPeople(
        _ answers: [PushGatewayStub.Answer],
        _ body: @Sendable (PushWorld, [PushGatewayStub], _ anna: UserID, _ bert: UserID) async throws -> Void
    ) async throws {
        try await PushGatewayStub.with(answers) { gateways in
            try await with { world in
                try await body(world, gateways, try await world.person("anna"), try await world.person("bert"))
            }
        }
    }

    private func endWorkers() async {
        for worker in workers.withLock({ $0 }) {
            worker.task.cancel()
            _ = await worker.task.result
        }
    }

    // MARK: Push workers

    /// Starts a push worker; ended with ``kill(_:)``, as without warning.
    @discardableResult
    func startWorker(_ name: String = "push", mail: MailDigestSettings? = nil) async throws -> PushParts {
        listed.withLock { _ = $0.insert(name) }
        let parts = PushParts(
            worker: WorkerID(name: name), database: database,
            workers: { [weak self] in self?.listed.withLock { $0 } ?? [] }, gateways: HTTPClient(), mail: mail,
            mailServer: HTTPClient(), firstPause: .milliseconds(50), logger: .silent)
        try await parts.tail.start()
        let task = Task { try await parts.run() }
        workers.withLock { $0.append(Worker(name: name, parts: parts, task: task)) }
        return parts
    }

    /// Starts a push worker and waits until it has all parts.
    @discardableResult
    func startOnlyWorker(_ name: String = "push") async throws -> PushParts {
        let parts = try await startWorker(name)
        try await waitForParts()
        return parts
    }

    /// Waits until workers have all parts.
    func waitForParts() async throws {
        try await waitUntil {
            let owned = workers.withLock { $0.map(\.parts) }.flatMap(\.parts.owned)
            let followed = try await database.query(
                "SELECT count(DISTINCT consumer) AS n FROM consumer_position WHERE consumer LIKE 'push/%'")
            return try Set(owned).count == Int(Pusher.partCount)
                && followed[0].int64("n") == Int64(Pusher.partCount)
        }
    }

    /// Ends a worker; its leases stay as they are, and it stays listed.
    func kill(_ parts: PushParts) async {
        let worker = workers.withLock { workers in
            defer { workers.removeAll { $0.parts === parts } }
            return workers.first { $0.parts === parts }
        }
        worker?.task.cancel()
        _ = await worker?.task.result
    }

    /// Ends a worker as on SIGTERM.
    func end(_ parts: PushParts) async {
        let name = workers.withLock { $0.first { $0.parts === parts }?.name }
        listed.withLock { listed in if let name { listed.remove(name) } }
        await parts.drain()
        await kill(parts)
    }

    // MARK: People and rooms

    func person(_ name: String) async throws -> UserID {
        let user = try #require(UserID("@\(name):\(TestDatabase.serverName)"))
        try await database.query(
            "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, $2, 0)", user.rawValue,
            ShardID.placement(of: user, count: TestDatabase.shardCount).number)
        try await database.query(
            "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, 'D', 0)", user.rawValue)
        return user
    }

    func addPusher(
        _ key: String, of user: UserID, to gateway: PushGatewayStub, format: String? = nil
    ) async throws {
        var data: JSONObject = ["url": .string(gateway.url), "custom": "kept"]
        data["format"] = format.map { .string($0) }
        let pusher = Pusher(
            user: user, device: try #require(DeviceID("D")), appID: "app", pushkey: key, kind: .http,
            description: ["lang": "en"], data: data, setAt: Timestamp(milliseconds: 5_000))
        #expect(try await PusherStore(database: database).set(pusher, keepsOthers: true))
    }

    @discardableResult
    func execute(
        _ command: WriterCommand, of key: some Identifier, fileID: String = #fileID, line: Int = #line
    ) async throws -> [EventID] {
        try await writer.execute(command, of: key, fileID: fileID, line: line)
    }

    /// A room in which all of `members` are, the first its creator.
    func room(_ members: [UserID]) async throws -> RoomID {
        let room = try #require(RoomID("!\(UInt64.random(in: 0 ... .max)):\(TestDatabase.serverName)"))
        func state(_ type: String, of key: String = "", _ content: JSONObject) -> EventDraft {
            EventDraft(type: type, stateKey: key, sender: members[0], content: content)
        }
        try await execute(
            .createRoom(
                .init(
                    room: room, version: "10", createEvent: nil,
                    events: [
                        state("m.room.create", ["room_version": "10", "creator": .string(members[0].rawValue)]),
                        state(
                            "m.room.member", of: members[0].rawValue, ["membership": "join", "displayname": "First"]),
                        state("m.room.power_levels", ["users": [members[0].rawValue: 100] as JSONValue]),
                        state("m.room.join_rules", ["join_rule": "public"]),
                        state("m.room.name", ["name": "The room"]),
                    ])), of: room)
        for member in members.dropFirst() { try await setMembership("join", of: member, by: member, in: room) }
        return room
    }

    func setMembership(_ membership: String, of user: UserID, by sender: UserID, in room: RoomID) async throws {
        try await send(
            ["membership": .string(membership)], type: "m.room.member", stateKey: user.rawValue, by: sender, in: room)
    }

    @discardableResult
    func send(
        _ content: JSONObject, type: String = "m.room.message", stateKey: String? = nil, by user: UserID,
        in room: RoomID
    ) async throws -> EventID {
        let draft = EventDraft(type: type, stateKey: stateKey, sender: user, content: content)
        return try #require(try await execute(.sendEvents(.init(room: room, events: [draft])), of: room).first)
    }

    @discardableResult
    func say(_ text: String, by user: UserID, in room: RoomID) async throws -> EventID {
        try await send(["msgtype": "m.text", "body": .string(text)], by: user, in: room)
    }

    func read(_ event: EventID, by user: UserID, in room: RoomID, thread: String? = nil) async throws {
        try await execute(
            .setReceipt(
                .init(
                    room: room, user: user, type: "m.read.private", event: event, thread: thread,
                    readAt: Timestamp(milliseconds: 1))), of: room)
    }

    /// Sends a message in a thread.
    @discardableResult
    func say(_ text: String, by user: UserID, in room: RoomID, thread: EventID) async throws -> EventID {
        try await send(
            [
                "msgtype": "m.text", "body": .string(text),
                "m.relates_to": ["rel_type": "m.thread", "event_id": .string(thread.rawValue)],
            ], by: user, in: room)
    }

    /// Pushers of a user beyond what one may set, each at an address of its own of one gateway.
    func addMany(_ count: Int, of user: UserID, to gateway: PushGatewayStub) async throws {
        try await database.query(
            """
            INSERT INTO pusher (user_id, device_id, app_id, pushkey, kind, description, data, set_at_ms, part, gateway)
            SELECT $1, 'D', 'app', ('many' || n)::bytea, 'http', '{}', ('{"url":"' || $2 || '?' || n || '"}')::bytea, 0, $3,
                   regexp_replace($2, '/_matrix.*', '')
              FROM generate_series(1, $4) AS n
            """, user.rawValue, gateway.url,
            ShardID.placement(of: user, count: Int(Pusher.partCount)).number, Int32(count))
    }

    /// How often parts have got another owner.
    func handOvers() async throws -> Int64 {
        try await database.query(
            "SELECT sum(epoch)::bigint AS n FROM lease WHERE partition LIKE 'job/push/%'")[0].int64("n")
    }

    /// Waits until every part's lease has been renewed so often.
    func waitForRenewals(_ count: Int) async throws {
        func expiry() async throws -> Double {
            try await database.query(
                """
                SELECT extract(epoch FROM min(expires_at))::float8 AS at FROM lease WHERE partition LIKE 'job/push/%'
                """)[0].double("at")
        }
        let first = try await expiry()
        try await waitUntil { try await expiry() >= first + Double(count) }
    }

    /// How many notifications wait.
    func waiting() async throws -> Int64 {
        try await database.query("SELECT count(*) AS n FROM push_delivery")[0].int64("n")
    }
}

/// Waits until `condition` holds, for a bounded time.
func waitUntil(_ condition: () async throws -> Bool) async throws {
    let hasHappened = try await comesTrue(within: .seconds(60), every: .milliseconds(20), condition)
    try #require(hasHappened)
}
