import CanonicalJSON
import Identifiers
import Testing

/// A public room of two people, through the endpoints and a real room-writer.
struct ChatRoom {
    static let v1 = "/_matrix/client/v1"
    static let v3 = "/_matrix/client/v3"

    let gateway: Gateway
    let anna: Gateway.Session
    let bert: Gateway.Session
    let room: String

    static func with(_ body: (ChatRoom) async throws -> Void) async throws {
        try await Gateway.withRoomWriter { gateway in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let made = try await gateway.call(
                "POST", "\(v3)/createRoom", json: ["preset": "public_chat"], token: anna.token)
            let room = try #require(made.body["room_id"]?.stringValue)
            let chat = ChatRoom(gateway: gateway, anna: anna, bert: bert, room: room)
            try await chat.join(bert)
            try await body(chat)
        }
    }

    func join(_ session: Gateway.Session) async throws {
        let answer = try await gateway.call("POST", "\(Self.v3)/rooms/\(room)/join", json: [:], token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
    }

    func put(
        _ session: Gateway.Session, type: String, _ content: JSONObject, transaction: String? = nil
    ) async throws -> Gateway.Answer {
        let id = transaction ?? "\(UInt64.random(in: 0 ... .max))"
        return try await gateway.call(
            "PUT", "\(Self.v3)/rooms/\(room)/send/\(type)/\(id)", json: content, token: session.token)
    }

    /// Sends an event and returns its ID.
    @discardableResult
    func send(
        _ session: Gateway.Session, type: String = "m.room.message", _ content: JSONObject
    ) async throws -> String {
        let answer = try await put(session, type: type, content)
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer.body["event_id"]?.stringValue)
    }

    @discardableResult
    func say(_ session: Gateway.Session, _ text: String, _ relation: JSONObject? = nil) async throws -> String {
        var content: JSONObject = ["msgtype": "m.text", "body": .string(text)]
        content["m.relates_to"] = relation.map { .object($0) }
        return try await send(session, content)
    }

    static func relation(_ type: String, to event: String, key: String? = nil) -> JSONObject {
        var relation: JSONObject = ["rel_type": .string(type), "event_id": .string(event)]
        relation["key"] = key.map { .string($0) }
        return relation
    }

    /// Edits a message.
    @discardableResult
    func edit(
        _ session: Gateway.Session, _ event: String, _ text: String, isComplete: Bool = true
    ) async throws -> String {
        var content: JSONObject = ["msgtype": "m.text", "body": .string("* \(text)")]
        if isComplete { content["m.new_content"] = ["msgtype": "m.text", "body": .string(text)] }
        content["m.relates_to"] = .object(Self.relation("m.replace", to: event))
        return try await send(session, content)
    }

    func react(_ session: Gateway.Session, _ event: String, _ key: String) async throws -> Gateway.Answer {
        try await put(
            session, type: "m.reaction",
            ["m.relates_to": .object(Self.relation("m.annotation", to: event, key: key))])
    }

    func redact(_ session: Gateway.Session, _ event: String) async throws {
        let id = UInt64.random(in: 0 ... .max)
        let answer = try await gateway.call(
            "PUT", "\(Self.v3)/rooms/\(room)/redact/\(event)/\(id)", json: [:], token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
    }

    func ignore(_ user: UserID, by session: Gateway.Session) async throws {
        let answer = try await gateway.call(
            "PUT", "\(Self.v3)/user/\(session.user)/account_data/m.ignored_user_list",
            json: ["ignored_users": [user.rawValue: [:] as JSONValue]], token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
    }

    /// What a path of the room answers.
    func get(_ session: Gateway.Session, v1 path: String) async throws -> JSONObject {
        let answer = try await gateway.call("GET", "\(Self.v1)/rooms/\(room)/\(path)", token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
        return answer.body
    }

    func get(_ session: Gateway.Session, v3 path: String) async throws -> JSONObject {
        let answer = try await gateway.call("GET", "\(Self.v3)/rooms/\(room)/\(path)", token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
        return answer.body
    }

    static func ids(_ value: JSONValue?) -> [String] {
        (value?.arrayValue ?? []).compactMap { $0["event_id"]?.stringValue }
    }
}
