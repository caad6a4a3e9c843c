import CanonicalJSON
import Testing

/// Which threads a user hears of (MSC4306, MSC4308).
@Suite struct ThreadSubscriptionTests {
    private static let unstable = "/_matrix/client/unstable"

    private func path(_ chat: ChatRoom, _ root: String) -> String {
        "\(Self.unstable)/io.element.msc4306/rooms/\(chat.room)/thread/\(root)/subscription"
    }

    private func put(
        _ chat: ChatRoom, _ root: String, _ session: Gateway.Session, _ body: JSONObject = [:]
    ) async throws -> Gateway.Answer {
        try await chat.gateway.call("PUT", path(chat, root), json: body, token: session.token)
    }

    private func state(_ chat: ChatRoom, _ root: String, _ session: Gateway.Session) async throws -> JSONValue? {
        let answer = try await chat.gateway.call("GET", path(chat, root), token: session.token)
        if answer.status == 404 { #expect(answer.errcode == "M_NOT_FOUND") }
        return answer.body["automatic"]
    }

    private func listed(_ chat: ChatRoom, _ query: String, _ session: Gateway.Session) async throws -> JSONObject {
        try await chat.gateway.call(
            "GET", "\(Self.unstable)/io.element.msc4308/thread_subscriptions?\(query)", token: session.token
        ).body
    }

    @Test func aUserSubscribesAndUnsubscribes() async throws {
        try await ChatRoom.with { chat in
            let root = try await chat.say(chat.anna, "root")
            #expect(try await state(chat, root, chat.bert) == nil)
            #expect(try await put(chat, root, chat.bert).body == [:])
            #expect(try await state(chat, root, chat.bert) == false)
            #expect(try await state(chat, root, chat.anna) == nil)
            for _ in 0..<2 {
                let deleted = try await chat.gateway.call("DELETE", path(chat, root), token: chat.bert.token)
                #expect(deleted.status == 200)
                #expect(try await state(chat, root, chat.bert) == nil)
            }
            #expect(try await put(chat, "$none", chat.bert).errcode == "M_NOT_FOUND")
        }
    }

    @Test func whatAClientDoesByItselfChangesNoChoiceOfTheUser() async throws {
        try await ChatRoom.with { chat in
            let root = try await chat.say(chat.anna, "root")
            let elsewhere = try await chat.say(chat.anna, "elsewhere")
            func reply(_ text: String) async throws -> JSONObject {
                let event = try await chat.say(chat.anna, text, ChatRoom.relation("m.thread", to: root))
                return ["automatic": .string(event)]
            }
            let first = try await reply("one")
            let wrong = try await put(chat, root, chat.bert, ["automatic": .string(elsewhere)])
            #expect(wrong.errcode == "IO.ELEMENT.MSC4306.M_NOT_IN_THREAD" && wrong.status == 400)
            #expect(try await put(chat, root, chat.bert, first).status == 200)
            #expect(try await state(chat, root, chat.bert) == true)
            // A choice takes the place of what came by itself, and is not taken back by it.
            #expect(try await put(chat, root, chat.bert).status == 200)
            #expect(try await put(chat, root, chat.bert, first).status == 200)
            #expect(try await state(chat, root, chat.bert) == false)
            _ = try await chat.gateway.call("DELETE", path(chat, root), token: chat.bert.token)
            let late = try await put(chat, root, chat.bert, first)
            #expect(late.errcode == "IO.ELEMENT.MSC4306.M_CONFLICTING_UNSUBSCRIPTION" && late.status == 409)
            #expect(try await state(chat, root, chat.bert) == nil)
            #expect(try await put(chat, root, chat.bert, try await reply("two")).status == 200)
            #expect(try await state(chat, root, chat.bert) == true)
        }
    }

    @Test func allAreListedTheLatestFirstPageByPage() async throws {
        try await ChatRoom.with { chat in
            var roots: [String] = []
            for number in 0..<5 {
                roots.append(try await chat.say(chat.anna, "\(number)"))
                _ = try await put(chat, roots[number], chat.bert)
            }
            _ = try await chat.gateway.call("DELETE", path(chat, roots[0]), token: chat.bert.token)
            var (found, from): ([[String]], String) = ([], "")
            for _ in 0..<5 {
                let page = try await listed(chat, "dir=b&limit=2\(from)", chat.bert)
                func threads(_ part: String) -> [String] { page[part]?[chat.room]?.objectValue?.keys ?? [] }
                found.append((threads("subscribed") + threads("unsubscribed").map { "-\($0)" }).sorted())
                guard let end = page["end"]?.stringValue else { break }
                from = "&from=\(end)"
            }
            #expect(
                found == [["-\(roots[0])", roots[4]].sorted(), [roots[2], roots[3]].sorted(), [roots[1]]])
            #expect(try await listed(chat, "", chat.anna) == [:])
        }
    }
}
