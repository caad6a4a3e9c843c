import CanonicalJSON
import Identifiers
import Testing

/// People who do things in rooms, through the endpoints and a real room-writer.
struct RoomScene {
    static let v3 = "/_matrix/client/v3"

    let gateway: Gateway

    static func with(_ body: (RoomScene) async throws -> Void) async throws {
        try await Gateway.withRoomWriter { try await body(RoomScene(gateway: $0)) }
    }

    func createRoom(_ session: Gateway.Session, _ body: JSONObject = ["preset": "private_chat"]) async throws -> String
    {
        let answer = try await post("createRoom", body, session)
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer.body["room_id"]?.stringValue)
    }

    @discardableResult
    func post(_ path: String, _ body: JSONObject, _ session: Gateway.Session) async throws -> Gateway.Answer {
        try await gateway.call("POST", Self.path(path), json: body, token: session.token)
    }

    @discardableResult
    func put(_ path: String, _ body: JSONObject, _ session: Gateway.Session) async throws -> Gateway.Answer {
        try await gateway.call("PUT", Self.path(path), json: body, token: session.token)
    }

    func get(_ path: String, _ session: Gateway.Session?) async throws -> Gateway.Answer {
        try await gateway.call("GET", Self.path(path), token: session?.token)
    }

    /// A path of its own, or the rest of one of version 3.
    private static func path(_ path: String) -> String { path.utf8.first == UInt8(ascii: "/") ? path : "\(v3)/\(path)" }

    /// Joins a room and expects it to work.
    func join(_ room: String, _ session: Gateway.Session) async throws {
        let answer = try await post("rooms/\(room)/join", [:], session)
        #expect(answer.status == 200, "\(answer.body)")
    }

    /// The content of a piece of current state with the empty key.
    func state(_ room: String, _ type: String, _ session: Gateway.Session) async throws -> JSONObject {
        try await state(room, type, "", session)
    }

    /// The content of a piece of current state.
    func state(_ room: String, _ type: String, _ key: String, _ session: Gateway.Session) async throws -> JSONObject {
        try await get("rooms/\(room)/state/\(type)/\(key)", session).body
    }
}
