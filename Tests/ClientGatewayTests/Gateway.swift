import CanonicalJSON
import ClientGateway
import ClusterConfiguration
import HTTPServer
import Identifiers
import MatrixHTTP
import OutboundHTTP
import PasswordHashing
import Postgres
import Signing
import Storage
import TestSupport
import Testing
import WorkerContracts
import WriterTestSupport

/// The client worker's endpoints on a socket of their own, over a real database.
final class Gateway: Sendable {
    struct Options: Sendable {
        var registration = RegistrationPolicy.Mode.open
        var sharedSecret: String? = "shared secret"
        var allowsGuests = false
        var terms: TermsPolicy?
        var email: EmailSettings?
        var rateLimits: [RateLimitName: RateLimit] = [:]
        var support: SupportInformation?
        var policyServerKey: String?
        var turn: TurnServers?
        var provider: UpstreamProvider?
        var rtcTransports: [RTCTransport] = []
        var rendezvousNeedsLogin = false
    }

    /// All at once, each would be slower than what it waits for.
    private static let places = WorldSlots(8)

    let database: PostgresDatabase
    let client: HTTPClient
    let address: String
    /// What the endpoints are made of.
    let parts: ClientParts
    /// What the worker runs beside its endpoints; tests take its steps.
    var cleaner: AccountCleaner { parts.accountCleaner }

    private init(database: PostgresDatabase, client: HTTPClient, address: String, parts: ClientParts) {
        self.database = database
        self.client = client
        self.address = address
        self.parts = parts
    }

    /// Runs `body` with a writer that only records what it is asked.
    static func with(
        _ options: Options = Options(), _ body: (Gateway, RecordingWriter) async throws -> Void
    ) async throws {
        try await places.withPlace {
            try await TestDatabase.with { test in
                let writer = RecordingWriter()
                try await serving(options, test.database, writer) { try await body($0, writer) }
            }
        }
    }

    /// Runs `body` with a real room-writer.
    static func withRoomWriter(
        _ options: Options = Options(), _ body: (Gateway) async throws -> Void
    ) async throws {
        try await places.withPlace {
            try await TestDatabase.with { test in
                let writer = try InProcessWriter(url: test.url, key: try signingKey())
                try await writer.serving { try await serving(options, test.database, writer, body) }
            }
        }
    }

    /// Runs `body` with one more worker over a database that others use too.
    static func serving(
        _ options: Options, _ database: PostgresDatabase, _ writer: any WriterCommanding,
        _ body: (Gateway) async throws -> Void
    ) async throws {
        let parts = try parts(options, database, writer)
        let callers = Callers(database: database)
        let listener = HTTPListener(
            host: "127.0.0.1", port: 0, routes: ClientEndpoints.all(parts).map { $0.served(by: callers) },
            logger: .silent)
        let client = HTTPClient()
        defer { client.shutdown() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            group.addTask { await parts.run() }
            let address = try #require(await listener.boundAddress())
            try await body(Gateway(database: database, client: client, address: address, parts: parts))
            group.cancelAll()
            // The listener ends by cancellation, whichever way it says so.
            do { try await group.waitForAll() } catch {}
        }
    }

    static func parts(
        _ options: Options, _ database: PostgresDatabase, _ writer: any WriterCommanding
    ) throws -> ClientParts {
        var settings = ClientSettings(
            server: try #require(ServerName(TestDatabase.serverName)), baseURL: "https://test.example",
            registration: RegistrationPolicy(
                mode: options.registration, sharedSecret: options.sharedSecret.map { Array($0.utf8) },
                allowsGuests: options.allowsGuests, terms: options.terms),
            signingKey: try signingKey(),
            clusterSecret: Array("cluster secret".utf8), email: options.email,
            rateLimits: options.rateLimits)
        settings.support = options.support
        settings.policyServerKey = options.policyServerKey
        settings.turn = options.turn
        settings.provider = options.provider
        settings.rtcTransports = options.rtcTransports
        settings.rendezvousNeedsLogin = options.rendezvousNeedsLogin
        settings.serverScheme = "http"
        return ClientParts(
            settings: settings, shardCount: TestDatabase.shardCount, database: database, writers: writer,
            hasher: PasswordHasher(), outboundClient: HTTPClient(), egress: HTTPClient(), clock: .system,
            logger: .silent)
    }

    /// What the endpoints ask further authentication of, for those that are not served yet.
    static func interactiveAuth(_ database: PostgresDatabase) throws -> ResetAuthentication {
        ResetAuthentication(try parts(Options(), database, RecordingWriter()))
    }

    static func signingKey() throws -> SigningKey {
        try SigningKey(keyID: "ed25519:a", seed: Array(repeating: 7, count: 32))
    }

    struct Answer: Sendable {
        let status: Int
        let value: JSONValue
        let head: HTTPResponseHead

        var body: JSONObject { value.objectValue ?? JSONObject() }
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
            status: response.status, value: try JSONValue.parse(response.body), head: response.head)
    }

    /// Sends a request for a page, with a form if there is one, and reads its text.
    func page(
        _ method: String, _ path: String, form: String? = nil, headers extra: [(name: String, value: String)] = []
    ) async throws -> (status: Int, text: String, head: HTTPResponseHead) {
        var headers = extra
        if form != nil { headers.append(("Content-Type", "application/x-www-form-urlencoded")) }
        let request = HTTPRequest(
            method: method, url: "http://\(address)\(path)", headers: headers, body: form.map { Array($0.utf8) })
        let response = try await client.execute(request, deadline: .now + .seconds(20))
        return (response.status, String(decoding: response.body, as: UTF8.self), response.head)
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
}
