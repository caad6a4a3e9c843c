import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Signing
import Synchronization
import TestSupport
import Testing
import WorkerContracts

/// A policy server of our own, and a room that has it.
final class PolicyServer: Sendable {
    enum Mood: Sendable {
        case signs
        /// Signs something else.
        case signsWrongly
        case refuses(status: Int, errcode: String)
        /// Answers nothing, and closes the connection.
        case silent
        /// Answers when the mood changes.
        case ponders
    }

    let name: ServerName
    private let key: SigningKey
    private let mood = Mutex(Mood.signs)
    private let asked = Mutex<[JSONObject]>([])
    private let authorizations = Mutex<[String]>([])

    private init(name: ServerName) throws {
        self.name = name
        key = try SigningKey(keyID: RoomPolicy.keyID, seed: Array(repeating: 11, count: 32))
    }

    /// Runs `body` with such a server.
    static func with(_ body: @Sendable (PolicyServer) async throws -> Void) async throws {
        let slot = Mutex<PolicyServer?>(nil)
        try await withScriptedServer { request, responder in
            guard let server = slot.withLock({ $0 }) else { return try await responder.respond(status: 500) }
            try await server.answer(request, responder)
        } body: { scripted in
            let server = try PolicyServer(name: try #require(ServerName(scripted.address)))
            slot.withLock { $0 = server }
            try await body(server)
        }
    }

    func become(_ mood: Mood) { self.mood.withLock { $0 = mood } }

    /// The events it was asked about.
    var events: [JSONObject] { asked.withLock { $0 } }
    var lastAuthorization: String? { authorizations.withLock { $0.last } }

    /// Somebody of the server.
    var member: UserID {
        get throws { try #require(UserID("@watcher:\(name)")) }
    }

    /// What makes it a room's.
    func draft(by sender: UserID) -> EventDraft {
        TestRoom.state(
            "m.room.policy", "",
            [
                "via": .string(name.rawValue),
                "public_keys": ["ed25519": .string(UnpaddedBase64.encode(key.publicKey))],
            ], by: sender)
    }

    /// A room in which somebody of the server is, and that names it.
    func room(_ writers: TestWriters) async throws -> TestRoom {
        let room = try TestRoom()
        let created = try await writers.create(room)
        var elsewhere = try await Elsewhere(room, writers: writers)
        let last = try #require(created.last)
        let join = try elsewhere.make(TestRoom.member(member, "join"), after: [last], auth: created)
        _ = try await writers.receive([join.json], in: room).events()
        _ = try await writers.send([draft(by: room.creator)], to: room).events()
        return room
    }

    private func answer(_ request: ScriptedHTTPServer.Request, _ responder: ScriptedHTTPServer.Responder) async throws {
        guard request.method == "POST", request.target == "/_matrix/policy/v1/sign" else {
            return try await responder.respond(status: 404)
        }
        let event = try JSONObject.parse(request.body)
        asked.withLock { $0.append(event) }
        authorizations.withLock { $0.append(request.header("authorization") ?? "") }
        while case .ponders = mood.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
        switch mood.withLock({ $0 }) {
        case .signs: try await responder.respond(signature(of: event))
        case .signsWrongly: try await responder.respond(signature(of: ["type": "other"]))
        case .refuses(let status, let errcode):
            try await responder.respond(status: status, #"{"errcode":"\#(errcode)","error":"No, thank you."}"#)
        case .silent, .ponders: throw ScriptedHTTPServer.CloseConnection()
        }
    }

    private func signature(of event: JSONObject) -> String {
        let covered = JSONSigning.signedBytes(of: redact(event, rules: RoomVersion.default.rules))
        let signature = UnpaddedBase64.encode(key.sign(covered))
        return #"{"\#(name)":{"\#(RoomPolicy.keyID)":"\#(signature)"}}"#
    }
}
