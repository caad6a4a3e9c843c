import CanonicalJSON
import Identifiers

extension ChatClient {
    private static let v3 = "/_matrix/client/v3"

    public func createRoom(_ body: JSONObject = ["preset": "public_chat"]) async throws(ChatFailure) -> RoomID {
        let answer = try await perform(.other("createRoom"), "POST", "\(Self.v3)/createRoom", body)
        guard let room = answer["room_id"]?.stringValue.flatMap({ RoomID($0) }) else { throw .unreadable }
        return room
    }

    public func invite(_ user: UserID, to room: RoomID) async throws(ChatFailure) {
        _ = try await perform(
            .other("invite"), "POST", "\(path(of: room))/invite", ["user_id": .string(user.rawValue)])
    }

    public func join(_ room: RoomID) async throws(ChatFailure) {
        _ = try await perform(.other("join"), "POST", "\(path(of: room))/join", [:])
    }

    public func leave(_ room: RoomID) async throws(ChatFailure) {
        _ = try await perform(.other("leave"), "POST", "\(path(of: room))/leave", [:])
    }

    /// Sends a text; repeating it with the same `transaction` is for the server the same message.
    @discardableResult
    public func send(_ text: String, to room: RoomID, transaction: String) async throws(ChatFailure) -> EventID {
        let answer = try await perform(
            .send(room, transaction), "PUT",
            "\(path(of: room))/send/m.room.message/\(transaction.escaped)",
            ["msgtype": "m.text", "body": .string(text)])
        return try Self.event(answer)
    }

    /// Has a text sent later (MSC4140).
    ///
    /// - Returns: what names it until then.
    public func send(
        _ text: String, to room: RoomID, transaction: String, after delay: Duration
    ) async throws(ChatFailure) -> String {
        let milliseconds = Int(delay / .milliseconds(1))
        let answer = try await perform(
            .other("sendLater"), "PUT",
            "\(path(of: room))/send/m.room.message/\(transaction.escaped)?org.matrix.msc4140.delay=\(milliseconds)",
            ["msgtype": "m.text", "body": .string(text)])
        guard let delayID = answer["delay_id"]?.stringValue else { throw .unreadable }
        return delayID
    }

    @discardableResult
    public func redact(_ event: EventID, in room: RoomID, transaction: String) async throws(ChatFailure) -> EventID {
        let answer = try await perform(
            .send(room, "redact \(transaction)"), "PUT",
            "\(path(of: room))/redact/\(event.rawValue.escaped)/\(transaction.escaped)", [:])
        return try Self.event(answer)
    }

    @discardableResult
    public func setState(
        _ type: String, _ stateKey: String = "", in room: RoomID, to content: JSONObject
    ) async throws(ChatFailure) -> EventID {
        let answer = try await perform(
            .other("state"), "PUT", "\(path(of: room))/state/\(type.escaped)/\(stateKey.escaped)", content)
        return try Self.event(answer)
    }

    public func markRead(_ event: EventID, in room: RoomID) async throws(ChatFailure) {
        _ = try await perform(
            .other("receipt"), "POST", "\(path(of: room))/receipt/m.read/\(event.rawValue.escaped)", [:])
    }

    public func setTyping(_ isTyping: Bool, in room: RoomID) async throws(ChatFailure) {
        let content: JSONObject = isTyping ? ["typing": true, "timeout": 30_000] : ["typing": false]
        _ = try await perform(
            .other("typing"), "PUT", "\(path(of: room))/typing/\(user.rawValue.escaped)", content)
    }

    /// Sends `content` to all devices of `user`.
    public func sendToDevices(
        of user: UserID, type: String, _ content: JSONObject, transaction: String
    ) async throws(ChatFailure) {
        let messages: JSONObject = [user.rawValue: ["*": .object(content)]]
        _ = try await perform(
            .other("sendToDevice"), "PUT", "\(Self.v3)/sendToDevice/\(type.escaped)/\(transaction.escaped)",
            ["messages": .object(messages)])
    }

    /// One page of a room's history; events as the API gives them.
    public func messages(
        in room: RoomID, from: String? = nil, to: String? = nil, backwards: Bool = true, limit: Int = 100
    ) async throws(ChatFailure) -> (events: [JSONObject], end: String?) {
        var query = "dir=\(backwards ? "b" : "f")&limit=\(limit)"
        if let from { query += "&from=\(from.escaped)" }
        if let to { query += "&to=\(to.escaped)" }
        let answer = try await perform(.other("messages"), "GET", "\(path(of: room))/messages?\(query)")
        guard let chunk = answer["chunk"]?.arrayValue else { throw .unreadable }
        return (chunk.compactMap(\.objectValue), answer["end"]?.stringValue)
    }

    func path(of room: RoomID) -> String { "\(Self.v3)/rooms/\(room.rawValue.escaped)" }

    private static func event(_ answer: JSONObject) throws(ChatFailure) -> EventID {
        guard let event = answer["event_id"]?.stringValue.flatMap({ EventID($0) }) else { throw .unreadable }
        return event
    }
}
