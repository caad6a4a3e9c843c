import CanonicalJSON
import ClientGateway
import HTTPServer
import Identifiers
import Logging
import MatrixHTTP
import OutboundHTTP
import PasswordHashing
import Postgres
import Signing
import Storage
import TestSupport
import Testing
import WorkerContracts

/// The client worker's endpoints on a socket of their own, over a real database and a writer that only records.
final class Gateway: Sendable {
    struct Options: Sendable {
        var registration = RegistrationPolicy.Mode.open
        var sharedSecret: String? = "shared secret"
    }

    let database: PostgresDatabase
    let writer: RecordingWriter
    let client: HTTPClient
    let address: String

    private init(database: PostgresDatabase, writer: RecordingWriter, client: HTTPClient, address: String) {
        self.database = database
        self.writer = writer
        self.client = client
        self.address = address
    }

    static let endpointsForRoutes = ["GET", "POST", "PUT", "DELETE"]

    static func with(_ options: Options = Options(), _ body: (Gateway) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let writer = RecordingWriter()
            let parts = try parts(options, test.database, writer)
            let callers = Callers(database: test.database)
            let listener = HTTPListener(
                host: "127.0.0.1", port: 0, routes: ClientEndpoints.all(parts).map { $0.served(by: callers) },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let client = HTTPClient()
            defer { client.shutdown() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await listener.run() }
                let address = try #require(await listener.boundAddress())
                try await body(Gateway(database: test.database, writer: writer, client: client, address: address))
                group.cancelAll()
                // The listener ends by cancellation, whichever way it says so.
                do { try await group.waitForAll() } catch {}
            }
        }
    }

    static func parts(_ options: Options, _ database: PostgresDatabase, _ writer: RecordingWriter) throws -> ClientParts
    {
        let settings = ClientSettings(
            server: try #require(ServerName(TestDatabase.serverName)), baseURL: "https://test.example",
            registration: RegistrationPolicy(
                mode: options.registration, sharedSecret: options.sharedSecret.map { Array($0.utf8) }),
            signingKey: try SigningKey(keyID: "ed25519:a", seed: Array(repeating: 7, count: 32)),
            clusterSecret: Array("cluster secret".utf8))
        return ClientParts(
            settings: settings, shardCount: TestDatabase.shardCount, database: database, writers: writer,
            hasher: PasswordHasher(), clock: .system, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    struct Answer: Sendable {
        let status: Int
        let body: JSONObject
        let head: HTTPResponseHead

        var errcode: String? { body["errcode"]?.stringValue }
    }

    /// Sends a request and reads its JSON answer.
    func call(_ method: String, _ path: String, _ body: String? = nil, token: String? = nil) async throws -> Answer {
        var headers: [(name: String, value: String)] = []
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        let request = HTTPRequest(
            method: method, url: "http://\(address)\(path)", headers: headers, body: body.map { Array($0.utf8) })
        let response = try await client.execute(request, deadline: .now + .seconds(20))
        return Answer(
            status: response.status, body: try JSONObject.parse(response.body), head: response.head)
    }

    /// Sends a request with a JSON body.
    func call(_ method: String, _ path: String, json: JSONObject, token: String? = nil) async throws -> Answer {
        try await call(method, path, String(decoding: json.bytes(), as: UTF8.self), token: token)
    }

    struct Session: Sendable {
        let user: UserID
        let device: DeviceID
        let token: String
    }

    /// Registers a user with password `secret` and logs them in.
    func register(_ name: String, refreshable: Bool = false) async throws -> Session {
        let answer = try await call(
            "POST", "/_matrix/client/v3/register",
            json: [
                "username": .string(name), "password": "secret", "auth": ["type": "m.login.dummy"],
                "refresh_token": .bool(refreshable),
            ])
        #expect(answer.status == 200)
        return try Self.session(answer)
    }

    static func session(_ answer: Answer) throws -> Session {
        Session(
            user: try #require(answer.body["user_id"]?.stringValue.flatMap { UserID($0) }),
            device: try #require(answer.body["device_id"]?.stringValue.flatMap { DeviceID($0) }),
            token: try #require(answer.body["access_token"]?.stringValue))
    }

    /// Puts a room into the database as if its writer had: `members` with their memberships, and one message.
    func makeRoom(_ room: RoomID, members: [UserID: String]) async throws {
        _ = try await database.query(
            "INSERT INTO room (room_id, shard, version, created_at_ms) VALUES ($1, 0, '12', 0)", room.rawValue)
        for (user, membership) in members {
            _ = try await database.query(
                """
                INSERT INTO current_membership (room_id, user_id, membership, sender, event_id, is_local, shard, seq)
                VALUES ($1, $2, $3, $2, '$member', true, 0, 1)
                """,
                room.rawValue, user.rawValue, membership)
        }
        _ = try await database.query(
            """
            INSERT INTO event (event_id, room_id, shard, seq, type, sender, depth, origin_server_ts, json)
            VALUES ('$message', $1, 0, 1, 'm.room.message', '@x:y', 1, 0, '{}')
            """,
            room.rawValue)
    }
}
