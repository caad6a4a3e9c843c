import CanonicalJSON
import Identifiers
import Testing

/// Listing what one was notified of, and the older way into a room.
@Suite struct NotificationTests {
    private func list(_ chat: ChatRoom, _ session: Gateway.Session, _ query: String = "") async throws -> JSONObject {
        let answer = try await chat.gateway.call(
            "GET", "\(ChatRoom.v3)/notifications?\(query)", token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
        return answer.body
    }

    private func bodies(_ list: JSONObject) -> [String] {
        (list["notifications"]?.arrayValue ?? []).compactMap { $0["event"]?["content"]?["body"]?.stringValue }
    }

    @Test func notificationsAreListedLatestFirstAndSayWhatWasRead() async throws {
        try await ChatRoom.with { chat in
            var sent: [String] = []
            for number in 0..<5 { sent.append(try await chat.say(chat.anna, "\(number)")) }
            try await chat.say(chat.bert, "mine")
            let mention = try await chat.send(
                chat.anna,
                ["body": "you", "m.mentions": ["user_ids": [.string(chat.bert.user.rawValue)]]])
            let read = try await chat.gateway.call(
                "POST", "\(ChatRoom.v3)/rooms/\(chat.room)/receipt/m.read/\(sent[1])", json: [:],
                token: chat.bert.token)
            #expect(read.status == 200)
            let all = try await list(chat, chat.bert)
            #expect(bodies(all) == ["you", "4", "3", "2", "1", "0"])
            let flags = (all["notifications"]?.arrayValue ?? []).map { $0["read"]?.boolValue ?? false }
            #expect(flags == [false, false, false, false, true, true])
            #expect(
                all["notifications"]?.arrayValue?.first?["actions"] == [
                    "notify", ["set_tweak": "sound", "value": "default"], ["set_tweak": "highlight"],
                ])
            #expect(all["notifications"]?.arrayValue?.first?["event"]?["event_id"]?.stringValue == mention)
            #expect(bodies(try await list(chat, chat.bert, "only=highlight")) == ["you"])

            var paged: [String] = []
            var from = ""
            for _ in 0..<5 {
                let page = try await list(chat, chat.bert, "limit=4\(from)")
                paged += bodies(page)
                guard let next = page["next_token"]?.stringValue else { break }
                from = "&from=\(next)"
            }
            #expect(paged == bodies(all))
            try await chat.redact(chat.anna, mention)
            #expect(bodies(try await list(chat, chat.bert)) == ["4", "3", "2", "1", "0"])
        }
    }

    @Test func aRoomIsGivenWithItsStateAndLatestEvents() async throws {
        try await ChatRoom.with { chat in
            for number in 0..<25 { try await chat.say(chat.anna, "\(number)") }
            let synced = try await chat.get(chat.bert, v3: "initialSync")
            #expect(synced["membership"] == "join")
            #expect(synced["room_id"]?.stringValue == chat.room)
            let texts = (synced["messages"]?["chunk"]?.arrayValue ?? []).compactMap {
                $0["content"]?["body"]?.stringValue
            }
            #expect(texts == (5..<25).map(String.init))
            let start = try #require(synced["messages"]?["start"]?.stringValue)
            let earlier = try await chat.get(chat.bert, v3: "messages?dir=b&limit=1&from=\(start)")
            #expect(earlier["chunk"]?.arrayValue?.first?["content"]?["body"] == "4")
            let types = (synced["state"]?.arrayValue ?? []).compactMap { $0["type"]?.stringValue }
            #expect(types.contains("m.room.create"))
            let stranger = try await chat.gateway.register("carl")
            let refused = try await chat.gateway.call(
                "GET", "\(ChatRoom.v3)/rooms/\(chat.room)/initialSync", token: stranger.token)
            #expect(refused.errcode == "M_FORBIDDEN")
        }
    }
}
