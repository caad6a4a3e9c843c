import CanonicalJSON
import Identifiers
import Testing

/// Looking for words in rooms.
@Suite struct SearchTests {
    private func search(
        _ chat: ChatRoom, _ session: Gateway.Session, _ term: String, _ more: JSONObject = [:], after: String? = nil
    ) async throws -> JSONValue {
        var events = more
        events["search_term"] = .string(term)
        let query = after.map { "?next_batch=\($0)" } ?? ""
        let answer = try await chat.gateway.call(
            "POST", "\(ChatRoom.v3)/search\(query)",
            json: ["search_categories": ["room_events": .object(events)]], token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer.body["search_categories"]?["room_events"])
    }

    private func found(_ results: JSONValue) -> [String] {
        (results["results"]?.arrayValue ?? []).compactMap { $0["result"]?["content"]?["body"]?.stringValue }
    }

    private static let recent: JSONObject = ["order_by": "recent"]

    @Test func messagesAreFoundByAllTheirWords() async throws {
        try await ChatRoom.with { chat in
            for text in ["The Swift flies high", "a swift answer", "nothing at all", "Überraschung: swift!"] {
                try await chat.say(chat.anna, text)
            }
            let results = try await search(chat, chat.bert, "SWIFT", Self.recent)
            #expect(found(results) == ["Überraschung: swift!", "a swift answer", "The Swift flies high"])
            #expect(results["count"] == 3)
            #expect(results["highlights"] == ["swift"])
            #expect(results["next_batch"] == nil)
            #expect(found(try await search(chat, chat.bert, "swift, flies")) == ["The Swift flies high"])
            #expect(found(try await search(chat, chat.bert, "überraschung")) == ["Überraschung: swift!"])
            #expect(found(try await search(chat, chat.bert, "swif")) == [])
            #expect(found(try await search(chat, chat.bert, "!?")) == [])
            #expect(found(try await search(chat, chat.bert, "'; & | ! ( <-> :*")) == [])
        }
    }

    @Test func scriptsWithoutSpacesAreFoundByAnyPartOfThem() async throws {
        try await ChatRoom.with { chat in
            for text in ["我喜欢在北京吃烤鸭", "東京タワーに行きました", "서울에서 만나요", "สวัสดีครับ"] {
                try await chat.say(chat.anna, text)
            }
            #expect(found(try await search(chat, chat.bert, "北京")) == ["我喜欢在北京吃烤鸭"])
            #expect(found(try await search(chat, chat.bert, "鸭")) == ["我喜欢在北京吃烤鸭"])
            #expect(found(try await search(chat, chat.bert, "京北")) == [])
            #expect(found(try await search(chat, chat.bert, "タワー")) == ["東京タワーに行きました"])
            #expect(found(try await search(chat, chat.bert, "만나")) == ["서울에서 만나요"])
            #expect(found(try await search(chat, chat.bert, "สวัสดี")) == ["สวัสดีครับ"])
            #expect(
                Set(found(try await search(chat, chat.bert, "京"))) == ["我喜欢在北京吃烤鸭", "東京タワーに行きました"])
        }
    }

    @Test func resultsComePageByPageInTheirOrder() async throws {
        try await ChatRoom.with { chat in
            for number in 0..<5 { try await chat.say(chat.anna, "needle \(number)") }
            try await chat.say(chat.anna, "needle needle needle")
            let best = try await search(chat, chat.bert, "needle", ["filter": ["limit": 1]])
            #expect(found(best) == ["needle needle needle"])
            for order in ["rank", "recent"] {
                var texts: [String] = []
                var after: String?
                for _ in 0..<10 {
                    let page = try await search(
                        chat, chat.bert, "needle", ["order_by": .string(order), "filter": ["limit": 2]], after: after)
                    #expect(found(page).count <= 2)
                    texts += found(page)
                    after = page["next_batch"]?.stringValue
                    if after == nil { break }
                }
                #expect(texts.count == 6, "\(order)")
                #expect(Set(texts).count == 6, "\(order)")
                if order == "recent" {
                    #expect(texts.dropFirst() == ["needle 4", "needle 3", "needle 2", "needle 1", "needle 0"])
                }
            }
        }
    }

    @Test func onlyWhatOneMaySeeIsFound() async throws {
        try await ChatRoom.with { chat in
            let secret = try await chat.say(chat.anna, "needle one")
            try await chat.say(chat.anna, "needle two")
            try await chat.redact(chat.anna, secret)
            #expect(found(try await search(chat, chat.bert, "needle")) == ["needle two"])
            // Not who is not in the room, nor what an ignored user said, nor what was hidden.
            let carl = try await chat.gateway.register("carl")
            #expect(found(try await search(chat, carl, "needle")) == [])
            let hide = try await chat.gateway.call(
                "PUT", "\(ChatRoom.v3)/rooms/\(chat.room)/state/m.room.history_visibility",
                json: ["history_visibility": "joined"], token: chat.anna.token)
            #expect(hide.status == 200)
            try await chat.say(chat.anna, "needle three")
            try await chat.join(carl)
            #expect(found(try await search(chat, carl, "needle")) == ["needle two"])
            try await chat.ignore(chat.anna.user, by: chat.bert)
            #expect(found(try await search(chat, chat.bert, "needle")) == [])
        }
    }

    @Test func resultsAreFilteredByKeySenderAndRoom() async throws {
        try await ChatRoom.with { chat in
            try await chat.say(chat.anna, "needle by anna")
            try await chat.say(chat.bert, "needle by bert")
            let topic = try await chat.gateway.call(
                "PUT", "\(ChatRoom.v3)/rooms/\(chat.room)/state/m.room.topic", json: ["topic": "needle work"],
                token: chat.anna.token)
            #expect(topic.status == 200)
            func count(_ more: JSONObject) async throws -> Int {
                try await search(chat, chat.bert, "needle", more)["results"]?.arrayValue?.count ?? -1
            }
            #expect(try await count([:]) == 3)
            #expect(try await count(["keys": ["content.topic"]]) == 1)
            #expect(try await count(["keys": ["content.body"]]) == 2)
            #expect(try await count(["filter": ["senders": [.string(chat.bert.user.rawValue)]]]) == 1)
            #expect(try await count(["filter": ["rooms": ["!other:test.example"]]]) == 0)
            #expect(try await count(["filter": ["rooms": [.string(chat.room)]]]) == 3)
        }
    }

    @Test func resultsComeWithTheirSurroundingsGroupsAndState() async throws {
        try await ChatRoom.with { chat in
            try await chat.say(chat.anna, "before")
            let hit = try await chat.say(chat.anna, "needle")
            try await chat.say(chat.bert, "after")
            let results = try await search(
                chat, chat.bert, "needle",
                [
                    "event_context": ["before_limit": 1, "after_limit": 1, "include_profile": true],
                    "groupings": ["group_by": [["key": "room_id"], ["key": "sender"]]], "include_state": true,
                ])
            let context = results["results"]?.arrayValue?.first?["context"]
            #expect(context?["events_before"]?.arrayValue?.first?["content"]?["body"] == "before")
            #expect(context?["events_after"]?.arrayValue?.first?["content"]?["body"] == "after")
            #expect(context?["profile_info"]?[chat.anna.user.rawValue] != nil)
            let start = try #require(context?["start"]?.stringValue)
            let earlier = try await chat.get(chat.bert, v3: "messages?dir=f&limit=1&from=\(start)")
            #expect(earlier["chunk"]?.arrayValue?.first?["content"]?["body"] == "before")
            for (kind, key) in [("room_id", chat.room), ("sender", chat.anna.user.rawValue)] {
                #expect(results["groups"]?[kind]?[key]?["results"] == [.string(hit)])
            }
            let types = (results["state"]?[chat.room]?.arrayValue ?? []).compactMap { $0["type"]?.stringValue }
            #expect(types.contains("m.room.create"))
        }
    }

    @Test func aGroupIsPagedByItself() async throws {
        try await ChatRoom.with { chat in
            for number in 0..<3 {
                try await chat.say(chat.anna, "needle a\(number)")
                try await chat.say(chat.bert, "needle b\(number)")
            }
            let more: JSONObject = [
                "order_by": "recent", "filter": ["limit": 2], "groupings": ["group_by": [["key": "sender"]]],
            ]
            let first = try await search(chat, chat.bert, "needle", more)
            #expect(found(first) == ["needle b2", "needle a2"])
            let group = first["groups"]?["sender"]?[chat.anna.user.rawValue]
            let next = try #require(group?["next_batch"]?.stringValue)
            let second = try await search(chat, chat.bert, "needle", more, after: next)
            #expect(found(second) == ["needle a1", "needle a0"])
        }
    }
}
