import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import OutboundHTTP
import Postgres
import RoomWriter
import Storage
import Sync
import Synchronization
import TestSupport
import Testing
import WorkerContracts
import WriterTestSupport

/// How a world's sync workers learn what happened; whichever it is, they have to answer the same.
enum LogMode: String, Sendable, CaseIterable, CustomTestStringConvertible {
    /// Hints come at once, and the tail remembers everything.
    case hinted
    /// No feed: the tail finds out by itself.
    case feedOff
    /// The log is empty whenever anybody looks.
    case logEmptied
    /// Each request goes to a worker that has just started.
    case otherWorkers

    var testDescription: String { rawValue }
}

/// A room-writer and sync workers in the test's process, on a database of their own.
final class SyncWorld: Sendable {
    static let server = TestDatabase.serverName

    struct Person: Sendable {
        let id: UserID
        let device: DeviceID
        let token: AccessToken
        var shard: ShardID { ShardID.placement(of: id, count: TestDatabase.shardCount) }
    }

    struct Worker: Sendable {
        let parts: SyncParts
        let address: String
        let listener: HTTPListener
        let task: Task<Void, any Error>
    }

    struct Options: Sendable {
        var mode = LogMode.hinted
        var isStateSharingOn = true
        var isPresenceOn = true
        var initialPlaces: @Sendable () -> Admission = { Admission(.initialSync) }
    }

    let options: Options
    let test: TestDatabase
    let writer: InProcessWriter
    private let client = HTTPClient()
    private let workers = Mutex<[Worker]>([])

    var database: PostgresDatabase { test.database }
    var mode: LogMode { options.mode }

    private init(test: TestDatabase, options: Options) throws {
        self.test = test
        self.options = options
        writer = try InProcessWriter(url: test.url)
    }

    static func with(_ mode: LogMode = .hinted, _ body: (SyncWorld) async throws -> Void) async throws {
        try await with(Options(mode: mode), body)
    }

    static func with(_ options: Options, _ body: (SyncWorld) async throws -> Void) async throws {
        try await WorldSlots.shared.withPlace {
            try await TestDatabase.with { test in
                if options.mode == .logEmptied { try await keepLogEmpty(test.database) }
                let world = try SyncWorld(test: test, options: options)
                try await world.writer.serving { try await world.run(body) }
            }
        }
    }

    private static func keepLogEmpty(_ database: PostgresDatabase) async throws {
        try await database.query(
            "CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        try await database.query(
            "CREATE TRIGGER empty BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION drop_row()")
    }

    private func run(_ body: (SyncWorld) async throws -> Void) async throws {
        let result = await Swift.Result { () async throws(any Error) -> Void in
            try await startWorker()
            try await body(self)
        }
        for worker in allWorkers {
            worker.task.cancel()
            _ = await worker.task.result
        }
        client.shutdown()
        try result.get()
    }

    // MARK: Workers

    /// Starts a sync worker; requests go to the one started last.
    @discardableResult
    func startWorker() async throws -> Worker {
        let parts = SyncParts(
            database: database, writers: self, isStateSharingOn: options.isStateSharingOn,
            initialPlaces: options.initialPlaces(), isPresenceOn: options.isPresenceOn, logger: .silent)
        try await parts.tail.start()
        let listener = HTTPListener(
            host: "127.0.0.1", port: 0, routes: SyncEndpoints.all(parts).map { $0.served(by: parts.callers) },
            logger: .silent)
        let task = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await listener.run() }
                group.addTask { try await parts.run() }
                try await group.waitForAll()
            }
        }
        let address = try #require(await listener.boundAddress())
        let worker = Worker(parts: parts, address: address, listener: listener, task: task)
        workers.withLock { $0.append(worker) }
        return worker
    }

    /// The worker requests go to.
    var worker: Worker {
        get throws { try #require(workers.withLock { $0.last }) }
    }

    var allWorkers: [Worker] { workers.withLock { $0 } }

    /// Tells all workers what the writer's feed says, until cancelled.
    func followFeed() -> Task<Void, Never> {
        let (listener, number) = writer.core.openFeed()
        return Task {
            defer { writer.core.hub.remove(number) }
            while let messages = await listener.next() {
                for message in messages {
                    for worker in allWorkers { worker.parts.apply(.message(message, writer: writer.worker.text)) }
                }
            }
        }
    }

    /// Waits until the worker has seen everything that is committed.
    func settle() async throws {
        let worker = try worker
        let rows = try await database.query("SELECT shard, seq FROM head ORDER BY shard")
        let heads = try rows.map { try $0.int64("seq") }
        try await waitUntil {
            worker.parts.tail.current.map { zip($0.positions, heads).allSatisfy { $0.value >= $1 } } ?? false
        }
    }

    // MARK: Requests

    struct Answer: Sendable {
        let status: Int
        let body: JSONObject
        let response: HTTPResponse
        var errcode: String? { body["errcode"]?.stringValue }
    }

    /// Asks for a sync as it is, whatever the answer.
    func ask(
        _ person: Person, since: String? = nil, filter: JSONObject? = nil, _ query: String..., to worker: Worker? = nil
    ) async throws -> Answer {
        var items = query
        if let since { items.append("since=\(since)") }
        if let filter { items.append("filter=\(percentEncoded(filter.bytes()))") }
        let address = try worker?.address ?? self.worker.address
        let request = HTTPRequest(
            method: "GET", url: "http://\(address)/_matrix/client/v3/sync?\(items.joined(separator: "&"))",
            headers: [("Authorization", "Bearer \(person.token.text)")], body: nil)
        let response = try await client.execute(request, deadline: .now + .seconds(60))
        return Answer(status: response.status, body: try JSONObject.parse(response.body), response: response)
    }

    /// Sends a request as it is.
    func call(
        _ path: String, token: String?, method: String = "GET", body: [UInt8]? = nil, to worker: Worker? = nil
    ) async throws -> Answer {
        let request = HTTPRequest(
            method: method, url: "http://\(try worker?.address ?? self.worker.address)\(path)",
            headers: token.map { [("Authorization", "Bearer \($0)")] } ?? [], body: body)
        let response = try await client.execute(request, deadline: .now + .seconds(60))
        return Answer(status: response.status, body: try JSONObject.parse(response.body), response: response)
    }

    /// Syncs once the worker has seen everything.
    func sync(
        _ person: Person, since: String? = nil, filter: JSONObject? = nil, _ query: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> SyncedBody {
        if mode == .otherWorkers { try await startWorker() }
        try await settle()
        let joined = query.joined(separator: "&")
        let answer = try await ask(person, since: since, filter: filter, joined)
        #expect(answer.status == 200, "\(answer.body)", sourceLocation: sourceLocation)
        return SyncedBody(body: answer.body)
    }

    private func percentEncoded(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let hexadecimal = String(byte, radix: 16)
            return "%" + (hexadecimal.count == 1 ? "0" : "") + hexadecimal
        }.joined()
    }
}

/// A sync's answer, to be looked into.
struct SyncedBody: Sendable {
    let body: JSONObject

    var next: String { body["next_batch"]?.stringValue ?? "" }

    func section(_ section: String, _ room: RoomID) -> JSONObject? {
        body["rooms"]?[section]?[room.rawValue]?.objectValue
    }
    func joined(_ room: RoomID) -> JSONObject? { section("join", room) }
    func left(_ room: RoomID) -> JSONObject? { section("leave", room) }

    /// The rooms of a section.
    func rooms(_ section: String) -> [String] { body["rooms"]?[section]?.objectValue?.keys ?? [] }

    var isEmpty: Bool {
        ["join", "invite", "knock", "leave"].allSatisfy { rooms($0).isEmpty } && accountData.isEmpty && toDevice.isEmpty
    }
    var allAccountData: [JSONValue] { body["account_data"]?["events"]?.arrayValue ?? [] }
    /// Without push rules, which every first sync has.
    var accountData: [JSONValue] { allAccountData.filter { $0["type"] != "m.push_rules" } }
    var presence: [JSONValue] { body["presence"]?["events"]?.arrayValue ?? [] }
    var toDevice: [JSONValue] { body["to_device"]?["events"]?.arrayValue ?? [] }
}

extension JSONObject {
    /// Events of a part of a room's section: timeline, state, ephemeral, account_data.
    func events(_ part: String) -> [JSONValue] { self[part]?["events"]?.arrayValue ?? [] }
    /// Bodies of the timeline's messages; types of its other events.
    var timeline: [String] {
        events("timeline").map { $0["content"]?["body"]?.stringValue ?? $0["type"]?.stringValue ?? "?" }
    }
    var isLimited: Bool { self["timeline"]?["limited"]?.boolValue ?? false }
    var previous: String? { self["timeline"]?["prev_batch"]?.stringValue }
    /// Types of the state events, members with whose.
    func stateKeys(_ part: String = "state") -> Set<String> {
        Set(events(part).map { "\($0["type"]?.stringValue ?? "?") \($0["state_key"]?.stringValue ?? "?")" })
    }
}

extension Swift.Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// Waits until `condition` holds, for a bounded time.
func waitUntil(_ condition: () async throws -> Bool) async throws {
    let hasHappened = try await comesTrue(within: .seconds(30), every: .milliseconds(5), condition)
    try #require(hasHappened)
}
