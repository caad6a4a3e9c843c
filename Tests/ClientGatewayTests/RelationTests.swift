import CanonicalJSON
import Identifiers
import Testing

/// Events that relate to others: listing them, and what is shown of them inside of those.
@Suite struct RelationTests {
    private func bundle(_ chat: ChatRoom, _ session: Gateway.Session, _ event: String) async throws -> JSONValue? {
        try await chat.get(session, v3: "event/\(event)")["unsigned"]?["m.relations"]
    }

    @Test func relationsAreListedByTypeInBothDirectionsPageByPage() async throws {
        try await ChatRoom.with { chat in
            let parent = try await chat.say(chat.anna, "root")
            var replies: [String] = []
            for number in 0..<5 {
                replies.append(
                    try await chat.say(chat.bert, "\(number)", ChatRoom.relation("m.thread", to: parent)))
            }
            let reaction = try #require(
                try await chat.react(chat.bert, parent, "👍").body["event_id"]?.stringValue)
            let path = "relations/\(parent)"
            #expect(
                ChatRoom.ids(try await chat.get(chat.anna, v1: path)["chunk"]) == [reaction] + replies.reversed())
            #expect(
                ChatRoom.ids(try await chat.get(chat.anna, v1: "\(path)/m.annotation")["chunk"]) == [reaction])
            #expect(
                ChatRoom.ids(try await chat.get(chat.anna, v1: "\(path)/m.thread/m.sticker")["chunk"]) == [])
            for (direction, expected) in [("b", Array(replies.reversed())), ("f", replies)] {
                var found: [String] = []
                var from = ""
                for _ in 0..<5 {
                    let page = try await chat.get(
                        chat.anna, v1: "\(path)/m.thread/m.room.message?dir=\(direction)&limit=2\(from)")
                    found += ChatRoom.ids(page["chunk"])
                    guard let next = page["next_batch"]?.stringValue else { break }
                    from = "&from=\(next)"
                }
                #expect(found == expected)
            }
        }
    }

    @Test func indirectRelationsAreListedWhenAskedFor() async throws {
        try await ChatRoom.with { chat in
            let parent = try await chat.say(chat.anna, "root")
            let reply = try await chat.say(chat.bert, "in it", ChatRoom.relation("m.thread", to: parent))
            let reaction = try #require(try await chat.react(chat.anna, reply, "👍").body["event_id"]?.stringValue)
            #expect(ChatRoom.ids(try await chat.get(chat.anna, v1: "relations/\(parent)")["chunk"]) == [reply])
            let all = try await chat.get(chat.anna, v1: "relations/\(parent)?recurse=true")
            #expect(ChatRoom.ids(all["chunk"]) == [reaction, reply])
            #expect(all["recursion_depth"] == 3)
        }
    }

    @Test func theLatestValidEditIsShownInsideOfTheEvent() async throws {
        try await ChatRoom.with { chat in
            let parent = try await chat.say(chat.anna, "first")
            #expect(try await bundle(chat, chat.bert, parent) == nil)
            _ = try await chat.edit(chat.anna, parent, "second")
            let latest = try await chat.edit(chat.anna, parent, "third")
            // None of these is one: not the sender, nothing new in it, an edit of an edit.
            _ = try await chat.edit(chat.bert, parent, "forged")
            _ = try await chat.edit(chat.anna, parent, "empty", isComplete: false)
            _ = try await chat.edit(chat.anna, latest, "of an edit")
            let shown = try await bundle(chat, chat.bert, parent)?["m.replace"]
            #expect(shown?["event_id"]?.stringValue == latest)
            #expect(shown?["content"]?["m.new_content"]?["body"] == "third")
            #expect(shown?["room_id"]?.stringValue == chat.room)
            #expect(try await bundle(chat, chat.bert, latest) == nil)
            // The event itself stays as it was sent.
            #expect(try await chat.get(chat.bert, v3: "event/\(parent)")["content"]?["body"] == "first")

            try await chat.redact(chat.anna, latest)
            let left = try await bundle(chat, chat.bert, parent)?["m.replace"]
            #expect(left?["content"]?["m.new_content"]?["body"] == "second")
            try await chat.redact(chat.anna, parent)
            #expect(try await bundle(chat, chat.bert, parent) == nil)
        }
    }

    @Test func aThreadIsSummedUpInItsFirstEvent() async throws {
        try await ChatRoom.with { chat in
            let root = try await chat.say(chat.anna, "root")
            let thread = ChatRoom.relation("m.thread", to: root)
            let first = try await chat.say(chat.anna, "one", thread)
            let second = try await chat.say(chat.anna, "two", thread)
            _ = try await chat.edit(chat.anna, second, "two, edited")
            func summary(_ session: Gateway.Session) async throws -> JSONValue? {
                try await bundle(chat, session, root)?["m.thread"]
            }
            let toBert = try await summary(chat.bert)
            #expect(toBert?["count"] == 2)
            #expect(toBert?["current_user_participated"] == false)
            #expect(toBert?["latest_event"]?["event_id"]?.stringValue == second)
            let inner = toBert?["latest_event"]?["unsigned"]?["m.relations"]?["m.replace"]
            #expect(inner?["content"]?["m.new_content"]?["body"] == "two, edited")
            #expect(try await summary(chat.anna)?["current_user_participated"] == true)

            let third = try await chat.say(chat.bert, "three", thread)
            #expect(try await summary(chat.bert)?["current_user_participated"] == true)
            #expect(try await summary(chat.bert)?["count"] == 3)
            try await chat.ignore(chat.bert.user, by: chat.anna)
            let toAnna = try await summary(chat.anna)
            #expect(toAnna?["count"] == 2)
            #expect(toAnna?["latest_event"]?["event_id"]?.stringValue == second)
            #expect(
                ChatRoom.ids(try await chat.get(chat.anna, v1: "relations/\(root)/m.thread")["chunk"])
                    == [second, first])

            try await chat.redact(chat.bert, third)
            #expect(try await summary(chat.bert)?["count"] == 2)
            #expect(try await summary(chat.bert)?["latest_event"]?["event_id"]?.stringValue == second)
        }
    }

    @Test func referencesAreNamedAndReactionsAreNot() async throws {
        try await ChatRoom.with { chat in
            let parent = try await chat.say(chat.anna, "poll")
            let one = try await chat.say(chat.bert, "vote", ChatRoom.relation("m.reference", to: parent))
            let two = try await chat.say(chat.anna, "vote", ChatRoom.relation("m.reference", to: parent))
            _ = try await chat.react(chat.bert, parent, "👍")
            #expect(
                try await bundle(chat, chat.anna, parent) == [
                    "m.reference": ["chunk": [["event_id": .string(one)], ["event_id": .string(two)]]]
                ])
        }
    }

    @Test func whatIsShownInsideIsTheSameOnEveryPath() async throws {
        try await ChatRoom.with { chat in
            let parent = try await chat.say(chat.anna, "first")
            let reply = try await chat.say(chat.bert, "reply", ChatRoom.relation("m.thread", to: parent))
            let edit = try await chat.edit(chat.anna, parent, "second")
            func check(_ events: JSONValue?, _ path: String) {
                let found = events?.arrayValue?.first { $0["event_id"]?.stringValue == parent }
                let relations = found?["unsigned"]?["m.relations"]
                #expect(relations?["m.replace"]?["event_id"]?.stringValue == edit, "\(path)")
                #expect(relations?["m.thread"]?["latest_event"]?["event_id"]?.stringValue == reply, "\(path)")
            }
            check(try await chat.get(chat.bert, v3: "messages?dir=b&limit=50")["chunk"], "/messages")
            let context = try await chat.get(chat.bert, v3: "context/\(reply)?limit=10")
            check(context["events_before"], "/context")
            check(.array([.object(try await chat.get(chat.bert, v3: "event/\(parent)"))]), "/event")
            check(try await chat.get(chat.bert, v1: "threads")["chunk"], "/threads")
        }
    }

    @Test func theSameReactionTwiceIsRefusedButNotItsRepetition() async throws {
        try await ChatRoom.with { chat in
            let parent = try await chat.say(chat.anna, "hello")
            let content: JSONObject = [
                "m.relates_to": .object(ChatRoom.relation("m.annotation", to: parent, key: "👍"))
            ]
            let first = try await chat.put(chat.bert, type: "m.reaction", content, transaction: "t")
            #expect(first.status == 200)
            #expect(try await chat.put(chat.bert, type: "m.reaction", content, transaction: "t").body == first.body)
            let again = try await chat.react(chat.bert, parent, "👍")
            #expect(again.status == 400)
            #expect(again.errcode == "M_DUPLICATE_ANNOTATION")
            #expect(try await chat.react(chat.bert, parent, "👎").status == 200)
            #expect(try await chat.react(chat.anna, parent, "👍").status == 200)
            try await chat.redact(chat.bert, try #require(first.body["event_id"]?.stringValue))
            #expect(try await chat.react(chat.bert, parent, "👍").status == 200)
        }
    }

    @Test func aThreadInsideOfAThreadIsRefused() async throws {
        try await ChatRoom.with { chat in
            let root = try await chat.say(chat.anna, "root")
            let reply = try await chat.say(chat.anna, "reply", ChatRoom.relation("m.thread", to: root))
            let nested = try await chat.put(
                chat.anna, type: "m.room.message",
                ["body": "x", "m.relates_to": .object(ChatRoom.relation("m.thread", to: reply))])
            #expect(nested.status == 400)
            #expect(nested.errcode == "M_UNKNOWN")
        }
    }

    @Test func whatOneMayNotSeeIsNotShownInside() async throws {
        try await ChatRoom.with { chat in
            let root = try await chat.say(chat.anna, "root")
            let thread = ChatRoom.relation("m.thread", to: root)
            let seen = try await chat.say(chat.anna, "one", thread)
            let left = try await chat.gateway.call(
                "POST", "\(ChatRoom.v3)/rooms/\(chat.room)/leave", json: [:], token: chat.bert.token)
            #expect(left.status == 200)
            let hidden = try await chat.say(chat.anna, "two", thread)
            _ = try await chat.edit(chat.anna, root, "edited")
            let toBert = try await bundle(chat, chat.bert, root)
            #expect(toBert?["m.thread"]?["latest_event"]?["event_id"]?.stringValue == seen)
            #expect(toBert?["m.thread"]?["count"] == 1)
            #expect(toBert?["m.replace"] == nil)
            #expect(ChatRoom.ids(try await chat.get(chat.bert, v1: "relations/\(root)")["chunk"]) == [seen])
            let refused = try await chat.gateway.call(
                "GET", "\(ChatRoom.v1)/rooms/\(chat.room)/relations/\(hidden)", token: chat.bert.token)
            #expect(refused.errcode == "M_NOT_FOUND")
        }
    }
}
