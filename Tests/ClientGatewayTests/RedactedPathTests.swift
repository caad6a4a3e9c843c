import CanonicalJSON
import Identifiers
import Testing

/// What was redacted is on no path as it was sent: a test for each.
@Suite struct RedactedPathTests {
    private static let secret = "the secret"

    /// Runs `body` with a room in which a message and a topic that had the secret were redacted.
    private func withRedacted(_ body: (ChatRoom, _ message: String, _ topic: String) async throws -> Void) async throws
    {
        try await ChatRoom.with { chat in
            let message = try await chat.say(chat.anna, Self.secret)
            let set = try await chat.gateway.call(
                "PUT", "\(ChatRoom.v3)/rooms/\(chat.room)/state/m.room.topic", json: ["topic": .string(Self.secret)],
                token: chat.anna.token)
            let topic = try #require(set.body["event_id"]?.stringValue)
            try await chat.say(chat.bert, "after")
            try await chat.redact(chat.anna, message)
            try await chat.redact(chat.anna, topic)
            try await body(chat, message, topic)
        }
    }

    /// Whether the answer has the event and nothing of what it said.
    private func check(_ answer: JSONObject, has event: String?, sourceLocation: SourceLocation = #_sourceLocation) {
        let text = String(decoding: answer.bytes(), as: UTF8.self)
        #expect(!text.contains(Self.secret), sourceLocation: sourceLocation)
        if let event { #expect(text.contains(event), sourceLocation: sourceLocation) }
    }

    @Test func event() async throws {
        try await withRedacted { chat, message, topic in
            check(try await chat.get(chat.bert, v3: "event/\(message)"), has: message)
            check(try await chat.get(chat.bert, v3: "event/\(topic)"), has: topic)
        }
    }

    @Test func messages() async throws {
        try await withRedacted { chat, message, topic in
            let page = try await chat.get(chat.bert, v3: "messages?dir=b&limit=50")
            check(page, has: message)
            check(page, has: topic)
        }
    }

    @Test func context() async throws {
        try await withRedacted { chat, message, topic in
            check(try await chat.get(chat.bert, v3: "context/\(message)?limit=20"), has: topic)
            check(try await chat.get(chat.bert, v3: "context/\(topic)?limit=20"), has: message)
        }
    }

    @Test func state() async throws {
        try await withRedacted { chat, _, topic in
            let state = try await chat.gateway.call(
                "GET", "\(ChatRoom.v3)/rooms/\(chat.room)/state", token: chat.bert.token)
            check(["state": state.value], has: topic)
            check(try await chat.get(chat.bert, v3: "state/m.room.topic"), has: nil)
            check(try await chat.get(chat.bert, v3: "state/m.room.topic/?format=event"), has: topic)
        }
    }

    @Test func roomInitialSync() async throws {
        try await withRedacted { chat, message, topic in
            let synced = try await chat.get(chat.bert, v3: "initialSync")
            check(synced, has: message)
            check(synced, has: topic)
        }
    }

    @Test func notifications() async throws {
        try await withRedacted { chat, _, _ in
            let listed = try await chat.gateway.call(
                "GET", "\(ChatRoom.v3)/notifications", token: chat.bert.token)
            check(listed.body, has: nil)
        }
    }

    @Test func search() async throws {
        try await withRedacted { chat, _, _ in
            for term in ["secret", "after"] {
                let found = try await chat.gateway.call(
                    "POST", "\(ChatRoom.v3)/search",
                    json: [
                        "search_categories": [
                            "room_events": [
                                "search_term": .string(term), "event_context": ["before_limit": 20],
                                "include_state": true,
                            ]
                        ]
                    ], token: chat.anna.token)
                #expect(found.status == 200)
                check(found.body, has: nil)
            }
        }
    }

    @Test func relationsAndThreads() async throws {
        try await ChatRoom.with { chat in
            let root = try await chat.say(chat.anna, Self.secret)
            let reply = try await chat.say(chat.anna, Self.secret, ChatRoom.relation("m.thread", to: root))
            let kept = try await chat.say(chat.anna, "kept", ChatRoom.relation("m.thread", to: root))
            let edit = try await chat.edit(chat.anna, kept, Self.secret)
            for event in [root, reply, edit] { try await chat.redact(chat.anna, event) }
            check(try await chat.get(chat.bert, v1: "relations/\(root)"), has: kept)
            check(try await chat.get(chat.bert, v1: "threads"), has: root)
            check(try await chat.get(chat.bert, v3: "event/\(kept)"), has: kept)
        }
    }
}
