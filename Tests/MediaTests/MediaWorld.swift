import CanonicalJSON
import Foundation
import HTTPServer
import Housekeeper
import Identifiers
import MatrixHTTP
import Media
import NIOCore
import ObjectStorage
import OutboundHTTP
import Postgres
import Storage
import Synchronization
import TestSupport
import Testing
import WorkerContracts

/// The media worker's endpoints on a socket of their own, over a real database and a folder.
final class MediaWorld: Sendable {
    struct Options: Sendable {
        var adjust: @Sendable (inout MediaSettings) -> Void = { _ in }
        var remote: any RemoteMediaSource = NoRemoteMedia()
        var thumbnailer: Thumbnailer?
    }

    /// All at once, each would be slower than what it waits for.
    private static let places = WorldSlots(8)

    let database: PostgresDatabase
    let folder: String
    let objects: FolderObjectStore
    let client: HTTPClient
    let address: String
    let clock: SettableClock
    var media: MediaStore { MediaStore(database: database) }

    private init(
        database: PostgresDatabase, folder: String, objects: FolderObjectStore, client: HTTPClient, address: String,
        clock: SettableClock
    ) {
        self.database = database
        self.folder = folder
        self.objects = objects
        self.client = client
        self.address = address
        self.clock = clock
    }

    static func with(_ options: Options = Options(), _ body: (MediaWorld) async throws -> Void) async throws {
        try await places.withPlace {
            try await TestDatabase.with { test in
                try await TemporaryFolder.with { folder in try await serve(options, test.database, folder, body) }
            }
        }
    }

    private static func serve(
        _ options: Options, _ database: PostgresDatabase, _ folder: String, _ body: (MediaWorld) async throws -> Void
    ) async throws {
        var settings = MediaSettings(server: try server())
        options.adjust(&settings)
        let clock = SettableClock()
        let objects = FolderObjectStore(folder: folder)
        let parts = MediaParts(
            settings: settings, database: database, objects: objects, remote: options.remote,
            thumbnailer: try options.thumbnailer ?? thumbnailer(), clock: clock.clock, logger: .silent)
        let callers = Callers(database: database)
        let listener = HTTPListener(
            host: "127.0.0.1", port: 0, routes: MediaEndpoints.all(parts).map { $0.served(by: callers) },
            logger: .silent)
        let client = HTTPClient()
        defer { client.shutdown() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            let address = try #require(await listener.boundAddress())
            try await body(
                MediaWorld(
                    database: database, folder: folder, objects: objects, client: client, address: address,
                    clock: clock))
            group.cancelAll()
            // The listener ends by cancellation, whichever way it says so.
            do { try await group.waitForAll() } catch {}
        }
    }

    static func server() throws -> ServerName { try #require(ServerName(TestDatabase.serverName)) }

    struct Person: Sendable {
        let user: UserID
        let token: String
    }

    /// Makes a user with a device, as registering would.
    func person(_ name: String) async throws -> Person {
        try await Self.person(name, in: database)
    }

    static func person(_ name: String, in database: PostgresDatabase) async throws -> Person {
        let user = try #require(UserID(localpart: name, server: server()))
        let token = AccessToken.make(for: user)
        try await database.query(
            "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, 0, 0)", user.rawValue)
        try await database.query(
            "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, 'D', 0)", user.rawValue)
        try await database.query(
            "INSERT INTO access_token (token_hash, user_id, device_id, created_at_ms) VALUES ($1, $2, 'D', 0)",
            token.hash, user.rawValue)
        return Person(user: user, token: token.text)
    }

    /// Sends a request and reads its answer.
    func send(
        _ method: String, _ path: String, by person: Person? = nil, body: [UInt8]? = nil,
        headers extra: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        var headers = extra
        if let person { headers.append(("Authorization", "Bearer \(person.token)")) }
        return try await client.execute(
            HTTPRequest(
                method: method, url: "http://\(address)\(path)", headers: headers, body: body,
                responseBytesMax: 64 << 20),
            deadline: .now + .seconds(60))
    }

    /// Uploads and returns where the file is.
    func upload(
        _ bytes: [UInt8], by person: Person, type: String? = "image/png", name: String? = nil
    ) async throws -> MediaURI {
        let query = name.map { "?filename=\($0.percentEncoded)" } ?? ""
        let answer = try await send(
            "POST", "/_matrix/media/v3/upload\(query)", by: person, body: bytes,
            headers: type.map { [("Content-Type", $0)] } ?? [])
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(answer.json["content_uri"]?.stringValue.flatMap { MediaURI($0) })
    }

    func download(
        _ uri: MediaURI, by person: Person, query: String = "", headers: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        try await send("GET", "\(Self.downloads)/\(uri.origin)/\(uri.id)\(query)", by: person, headers: headers)
    }

    static let downloads = "/_matrix/client/v1/media/download"

    /// The thumbnailer that was built with the tests.
    static func thumbnailer() throws -> Thumbnailer {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return Thumbnailer(
            executable: URL(fileURLWithPath: own).deletingLastPathComponent()
                .appending(path: Thumbnailer.executableName).path,
            queueMax: 200, queuePerOwnerMax: 200)
    }

    /// The size of a picture.
    static func measure(_ bytes: [UInt8], in folder: String) async throws -> PictureSize {
        let spool = Spool(folder: folder)
        let file = try await spool.begin()
        try await file.append(ByteBuffer(bytes: bytes))
        return try await thumbnailer().measure(file.localFile, by: .previews)
    }

    /// Does what housekeepers do about content nobody needs.
    func sweep() async throws {
        let job = MediaGarbageJob(
            garbage: MediaGarbageStore(database: database), objects: objects, clock: clock.clock)
        while try await job.step(from: nil) != .finished {}
    }

    /// How many objects the folder holds.
    func objectCount() -> Int {
        let files = FileManager.default.enumerator(atPath: folder + "/objects")?.allObjects ?? []
        return files.compactMap { $0 as? String }.count { $0.split(separator: "/").count == 3 }
    }

    /// How many files are on their way in.
    func spooledCount() -> Int { entries(of: folder + "/incoming").count }
}

/// A wall clock that a test moves.
final class SettableClock: Sendable {
    private let time = Mutex(Timestamp(milliseconds: 1_800_000_000_000))

    var now: Timestamp { time.withLock { $0 } }
    func advance(by duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
    var clock: WallClock { WallClock { self.now } }
}

/// A folder that goes with the test.
enum TemporaryFolder {
    static func with<Result: Sendable>(_ body: (String) async throws -> Result) async throws -> Result {
        let path = "/tmp/apus-media-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        defer {
            // Left-overs in the temporary folder harm nobody.
            try? FileManager.default.removeItem(atPath: path)
        }
        return try await body(path)
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONObject {
        // What is no object has no members.
        (try? JSONObject.parse(body)) ?? [:]
    }
    var errcode: String? { json["errcode"]?.stringValue }
}

extension String {
    /// For a query or one path segment.
    var percentEncoded: String {
        utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            return isPlain
                ? String(Unicode.Scalar(byte))
                : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

/// Bytes that do not repeat soon.
func someBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
}
