import CanonicalJSON
import Identifiers
import Testing

/// A room's threads, and receipts in them.
@Suite struct ThreadTests {
    private func makeThread(_ chat: ChatRoom, _ session: Gateway.Session, _ text: String) async throws -> String {
        let root = try await chat.say(session, text)
        try await chat.say(session, "in \(text)", ChatRoom.relation("m.thread", to: root))
        return root
    }

    @Test func threadsAreListedLatestFirstPageByPage() async throws {
        try await ChatRoom.with { chat in
            var roots: [String] = []
            for number in 0..<5 { roots.append(try await makeThread(chat, chat.anna, "\(number)")) }
            // Whatever is said in a thread brings it to the top.
            try await chat.say(chat.bert, "again", ChatRoom.relation("m.thread", to: roots[1]))
            let expected = [1, 4, 3, 2, 0].map { roots[$0] }
            var found: [String] = []
            var from = ""
            for _ in 0..<5 {
                let page = try await chat.get(chat.bert, v1: "threads?limit=2\(from)")
                found += ChatRoom.ids(page["chunk"])
                guard let next = page["next_batch"]?.stringValue else { break }
                from = "&from=\(next)"
            }
            #expect(found == expected)
            let own = try await chat.get(chat.bert, v1: "threads?include=participated")
            #expect(ChatRoom.ids(own["chunk"]) == [roots[1]])
            #expect(
                ChatRoom.ids(try await chat.get(chat.anna, v1: "threads?include=participated")["chunk"]) == expected)
        }
    }

    @Test func aThreadWithNothingInItIsNone() async throws {
        try await ChatRoom.with { chat in
            let root = try await chat.say(chat.anna, "root")
            let reply = try await chat.say(chat.bert, "reply", ChatRoom.relation("m.thread", to: root))
            try await chat.redact(chat.bert, reply)
            #expect(try await chat.get(chat.anna, v1: "threads")["chunk"] == [])
        }
    }

    @Test func theBeginningByAnIgnoredUserIsShownAsRedacted() async throws {
        try await ChatRoom.with { chat in
            let root = try await makeThread(chat, chat.bert, "rude")
            try await chat.say(chat.anna, "polite", ChatRoom.relation("m.thread", to: root))
            try await chat.ignore(chat.bert.user, by: chat.anna)
            let shown = try await chat.get(chat.anna, v1: "threads")["chunk"]?.arrayValue?.first
            #expect(shown?["event_id"]?.stringValue == root)
            #expect(shown?["content"] == [:])
            #expect(shown?["unsigned"]?["m.relations"]?["m.thread"]?["count"] == 1)
        }
    }

    @Test func receiptsAreForThreadsTheirEventsAreIn() async throws {
        try await ChatRoom.with { chat in
            let root = try await chat.say(chat.anna, "root")
            let reply = try await chat.say(chat.anna, "reply", ChatRoom.relation("m.thread", to: root))
            let reaction = try #require(try await chat.react(chat.anna, reply, "👍").body["event_id"]?.stringValue)
            func mark(_ event: String, _ thread: String) async throws -> Int {
                try await chat.gateway.call(
                    "POST", "\(ChatRoom.v3)/rooms/\(chat.room)/receipt/m.read/\(event)",
                    json: ["thread_id": .string(thread)], token: chat.bert.token
                ).status
            }
            #expect(try await mark(root, "main") == 200)
            #expect(try await mark(root, root) == 200)
            #expect(try await mark(reply, root) == 200)
            #expect(try await mark(reaction, root) == 200)
            #expect(try await mark(reply, "main") == 400)
            #expect(try await mark(reply, reply) == 400)
        }
    }
}
