import CanonicalJSON
import HTTPServer
import Identifiers
import ReplicationLog
import RoomReading
import TestSupport
import Testing

/// The endpoints that read rooms, over rooms that were put into the database.
@Suite struct ReadRoomTests {
    private static let rooms = "/_matrix/client/v3/rooms"
    /// `{"lazy_load_members":true}`.
    private static let lazy = "filter=%7B%22lazy_load_members%22%3Atrue%7D"

    private func ids(_ value: JSONValue?) -> [String] {
        (value?.arrayValue ?? []).compactMap { $0["event_id"]?.stringValue }
    }

    /// A room of anna's, with bert in it unless he is not.
    private func makeRoom(
        _ gateway: Gateway, bertJoins: Bool = true
    ) async throws -> (anna: Gateway.Session, bert: Gateway.Session, room: StoredRoom, path: String) {
        let anna = try await gateway.register("anna")
        let bert = try await gateway.register("bert")
        let room = try await StoredRoom.create(in: gateway.database, by: anna.user)
        if bertJoins { try await room.setMembership("join", of: bert.user, ["displayname": "Bert"]) }
        return (anna, bert, room, "\(Self.rooms)/\(room.room)")
    }

    @Test func anEventIsFoundWithoutItsRoomByWhoMaySeeIt() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway, bertJoins: false)
            let event = try await room.send("m.room.message", by: anna.user, ["body": "hello"]).id.rawValue
            let anywhere = "/_matrix/client/v3/events/\(event)"
            let found = try await gateway.call("GET", anywhere, token: anna.token)
            #expect(found.body["content"] == ["body": "hello"])
            #expect(try await gateway.call("GET", "\(path)/event/\(event)", token: anna.token).body == found.body)
            #expect(try await gateway.call("GET", anywhere, token: bert.token).errcode == "M_NOT_FOUND")
        }
    }

    @Test func messagesPageFromTheEndToTheBeginningAndBack() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, _, room, path) = try await makeRoom(gateway)
            var sent: [String] = []
            for number in 0..<7 {
                sent.append(
                    try await room.send("m.room.message", by: anna.user, ["body": .string("\(number)")]).id.rawValue)
            }
            func walk(_ direction: String) async throws -> [String] {
                var found: [String] = []
                var from = ""
                for _ in 0..<20 {
                    let page = try await gateway.call(
                        "GET", "\(path)/messages?dir=\(direction)&limit=3\(from)", token: anna.token)
                    #expect(page.status == 200)
                    #expect(page.body["start"] != nil)
                    #expect(page.body["state"] == nil)
                    found += ids(page.body["chunk"])
                    guard let end = page.body["end"]?.stringValue else { return found }
                    from = "&from=\(end)"
                }
                Issue.record("there is no end")
                return found
            }
            let backward = try await walk("b")
            #expect(Array(backward.prefix(7)) == sent.reversed())
            #expect(backward.count == 10)
            #expect(try await walk("f") == backward.reversed())
        }
    }

    @Test func messagesTakeASyncsPositionAndStopAtAnother() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway)
            var sent: [StoredRoom.Stored] = []
            for _ in 0..<5 { sent.append(try await room.send("m.room.message", by: anna.user)) }
            func token(_ position: ShardSequence, _ user: UserID) -> String {
                var cut = Cut(generation: 1, positions: Array(repeating: .zero, count: TestDatabase.shardCount))
                cut[room.shard] = position
                return SyncToken(cut: cut, toDevice: .zero, typing: .none, user: user).text
            }
            let from = token(sent[3].position, anna.user)
            let to = token(sent[0].position, anna.user)
            let page = try await gateway.call(
                "GET", "\(path)/messages?dir=b&from=\(from)&to=\(to)", token: anna.token)
            #expect(ids(page.body["chunk"]) == [sent[3], sent[2], sent[1]].map(\.id.rawValue))
            #expect(page.body["start"]?.stringValue == from)
            #expect(page.body["end"] == nil)
            let others = try await gateway.call(
                "GET", "\(path)/messages?dir=b&from=\(token(sent[3].position, bert.user))", token: anna.token)
            #expect(others.errcode == "M_INVALID_PARAM")
        }
    }

    @Test func messagesAreFilteredAndCountedByTheSmallerLimit() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway)
            for number in 0..<6 {
                try await room.send(number.isMultiple(of: 2) ? "m.a" : "m.b", by: anna.user)
                try await room.send("m.a", by: bert.user)
            }
            let filter = Self.encoded(#"{"types":["m.a"],"not_senders":["\#(bert.user)"],"limit":2}"#)
            let page = try await gateway.call(
                "GET", "\(path)/messages?dir=b&limit=5&filter=\(filter)", token: anna.token)
            let chunk = try #require(page.body["chunk"]?.arrayValue)
            #expect(chunk.count == 2)
            #expect(chunk.allSatisfy { $0["type"] == "m.a" && $0["sender"]?.stringValue == anna.user.rawValue })
            #expect(page.body["end"] != nil)
            let none = try await gateway.call("GET", "\(path)/messages?dir=b&limit=0", token: anna.token)
            #expect(none.body["chunk"] == [])
            #expect(none.body["end"] != nil)
        }
    }

    @Test func lazyMembersAreThoseOfTheSenders() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway)
            try await room.send("m.room.message", by: bert.user)
            try await room.send("m.room.message", by: bert.user)
            let page = try await gateway.call(
                "GET", "\(path)/messages?dir=b&limit=2&\(Self.lazy)", token: anna.token)
            let state = try #require(page.body["state"]?.arrayValue)
            #expect(state.map { $0["state_key"]?.stringValue } == [bert.user.rawValue])
            #expect(state.first?["content"]?["displayname"] == "Bert")
        }
    }

    @Test func anEventIsForThoseWhoMaySeeItAndNotFoundForOthers() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway, bertJoins: false)
            try await room.setVisibility("joined", by: anna.user)
            let hidden = try await room.send("m.room.message", by: anna.user, ["body": "hidden"])
            func status(_ event: EventID, _ session: Gateway.Session) async throws -> Int {
                try await gateway.call("GET", "\(path)/event/\(event)", token: session.token).status
            }
            #expect(try await status(hidden.id, anna) == 200)
            #expect(try await status(hidden.id, bert) == 404)
            try await room.setMembership("join", of: bert.user)
            let shown = try await room.send("m.room.message", by: anna.user, ["body": "shown"])
            #expect(try await status(hidden.id, bert) == 404)
            let answer = try await gateway.call("GET", "\(path)/event/\(shown.id)", token: bert.token)
            #expect(answer.body["content"] == ["body": "shown"])
            #expect(answer.body["room_id"]?.stringValue == room.room.rawValue)
            #expect(answer.body["unsigned"]?["membership"] == "join")
            // An event of another room is not one of this room.
            let other = try await StoredRoom.create(in: gateway.database, by: bert.user)
            let elsewhere = try await other.send("m.room.message", by: bert.user)
            #expect(try await status(elsewhere.id, bert) == 404)
            #expect(try await gateway.call("GET", "\(path)/context/\(hidden.id)", token: bert.token).status == 404)
        }
    }

    @Test func aContextHasItsEventAndWhatIsAroundIt() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway)
            var sent: [StoredRoom.Stored] = []
            for _ in 0..<9 { sent.append(try await room.send("m.room.message", by: anna.user)) }
            try await room.send("m.room.topic", stateKey: "", by: anna.user, ["topic": "later"])
            let answer = try await gateway.call(
                "GET", "\(path)/context/\(sent[4].id)?limit=5", token: bert.token)
            #expect(answer.status == 200)
            #expect(answer.body["event"]?["event_id"]?.stringValue == sent[4].id.rawValue)
            #expect(ids(answer.body["events_before"]) == [sent[3], sent[2]].map(\.id.rawValue))
            #expect(ids(answer.body["events_after"]) == [sent[5], sent[6], sent[7]].map(\.id.rawValue))
            let state = try #require(answer.body["state"]?.arrayValue)
            #expect(Set(state.compactMap { $0["type"]?.stringValue }) == ["m.room.create", "m.room.member"])
            #expect(state.count == 3)
            let start = try #require(answer.body["start"]?.stringValue)
            let older = try await gateway.call(
                "GET", "\(path)/messages?dir=b&limit=2&from=\(start)", token: bert.token)
            #expect(ids(older.body["chunk"]) == [sent[1], sent[0]].map(\.id.rawValue))
            let end = try #require(answer.body["end"]?.stringValue)
            let newer = try await gateway.call(
                "GET", "\(path)/messages?dir=f&limit=1&from=\(end)", token: bert.token)
            #expect(ids(newer.body["chunk"]) == [sent[8].id.rawValue])
        }
    }

    @Test func aContextOfNothingElseHasItsEventAlone() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, _, room, path) = try await makeRoom(gateway)
            let event = try await room.send("m.room.message", by: anna.user)
            let answer = try await gateway.call(
                "GET", "\(path)/context/\(event.id)?limit=0&\(Self.lazy)", token: anna.token)
            #expect(answer.body["events_before"] == [])
            #expect(answer.body["events_after"] == [])
            let state = try #require(answer.body["state"]?.arrayValue)
            // The sender's member event and what is no member event; not bert's.
            #expect(Set(state.compactMap { $0["state_key"]?.stringValue }) == ["", anna.user.rawValue])
        }
    }

    @Test func stateIsTheCurrentForMembersAndThatOfTheirLeaveForOthers() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway)
            let carl = try await gateway.register("carl")
            try await room.send("m.room.topic", stateKey: "", by: anna.user, ["topic": "old"])
            try await room.setMembership("leave", of: bert.user)
            let new = try await room.send("m.room.topic", stateKey: "", by: anna.user, ["topic": "new"])
            func topic(_ session: Gateway.Session) async throws -> JSONObject {
                try await gateway.call("GET", "\(path)/state/m.room.topic", token: session.token).body
            }
            #expect(try await topic(anna) == ["topic": "new"])
            #expect(try await topic(bert) == ["topic": "old"])
            #expect(try await topic(carl)["errcode"] == "M_FORBIDDEN")
            func topics(_ session: Gateway.Session) async throws -> [JSONValue?] {
                let all = try await gateway.call("GET", "\(path)/state", token: session.token)
                return (all.value.arrayValue ?? []).filter { $0["type"] == "m.room.topic" }
                    .map { $0["content"]?["topic"] }
            }
            #expect(try await topics(anna) == ["new"])
            #expect(try await topics(bert) == ["old"])
            #expect(try await gateway.call("GET", "\(path)/state", token: carl.token).errcode == "M_FORBIDDEN")
            let slash = try await gateway.call(
                "GET", "\(path)/state/m.room.topic/?format=event", token: anna.token)
            #expect(slash.body["event_id"]?.stringValue == new.id.rawValue)
            #expect(slash.body["room_id"]?.stringValue == room.room.rawValue)
            #expect(slash.body["unsigned"]?["prev_content"] == ["topic": "old"])
            let member = try await gateway.call(
                "GET", "\(path)/state/m.room.member/\(bert.user)", token: bert.token)
            #expect(member.body == ["membership": "leave"])
        }
    }

    @Test func membersAreListedByMembershipAndTime() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway)
            let before = try await room.send("m.room.message", by: anna.user)
            let carl = try #require(UserID("@carl:\(TestDatabase.serverName)"))
            try await room.setMembership("join", of: carl)
            try await room.setMembership("leave", of: carl)
            func members(_ query: String, _ session: Gateway.Session) async throws -> [String] {
                let answer = try await gateway.call("GET", "\(path)/members\(query)", token: session.token)
                return (answer.body["chunk"]?.arrayValue ?? []).compactMap { $0["state_key"]?.stringValue }.sorted()
            }
            let names = [anna.user, bert.user, carl].map(\.rawValue)
            #expect(try await members("", anna) == names)
            #expect(try await members("?membership=leave", anna) == [names[2]])
            #expect(try await members("?not_membership=leave", anna) == [names[0], names[1]])
            #expect(try await members("?membership=leave&not_membership=leave", anna) == names)
            #expect(try await members("?membership=knock", anna) == [])
            let at = PaginationToken(before.position).text
            #expect(try await members("?at=\(at)", anna) == [names[0], names[1]])
            // Who left sees nobody who came later, whatever they ask for.
            try await room.setMembership("leave", of: bert.user)
            let dora = try #require(UserID("@dora:\(TestDatabase.serverName)"))
            let join = try await room.setMembership("join", of: dora)
            #expect(try await members("", bert) == names)
            #expect(try await members("?at=\(PaginationToken(join.position).text)", bert) == names)
        }
    }

    @Test func aPlaceBeforeOnesVisibleHistoryIsTakenForItsBeginning() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway, bertJoins: false)
            try await room.setVisibility("joined", by: anna.user)
            let carl = try #require(UserID("@carl:\(TestDatabase.serverName)"))
            try await room.setMembership("join", of: carl)
            let hidden = try await room.send("m.room.message", by: anna.user)
            try await room.setMembership("leave", of: carl)
            try await room.setMembership("join", of: bert.user)
            let answer = try await gateway.call(
                "GET", "\(path)/members?membership=join&at=\(PaginationToken(hidden.position).text)",
                token: bert.token)
            let joined = (answer.body["chunk"]?.arrayValue ?? []).compactMap { $0["state_key"]?.stringValue }
            #expect(Set(joined) == [anna.user.rawValue, bert.user.rawValue])
        }
    }

    @Test func joinedMembersAreForMembers() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway)
            let answer = try await gateway.call("GET", "\(path)/joined_members", token: anna.token)
            let expected = JSONObject([
                (anna.user.rawValue, [:]), (bert.user.rawValue, ["display_name": "Bert"]),
            ])
            #expect(answer.body == ["joined": .object(expected)])
            try await room.setMembership("leave", of: bert.user)
            let gone = try await gateway.call("GET", "\(path)/joined_members", token: bert.token)
            #expect(gone.status == 403)
            #expect(gone.errcode == "M_FORBIDDEN")
        }
    }

    @Test func aStrangerIsToldTheSameOfARoomAsOfNone() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway, bertJoins: false)
            let event = try await room.send("m.room.message", by: anna.user)
            for rest in [
                "messages?dir=b", "state", "state/m.room.create", "members", "joined_members", "aliases",
                "event/\(event.id)", "context/\(event.id)",
            ] {
                let real = try await gateway.call("GET", "\(path)/\(rest)", token: bert.token)
                let none = try await gateway.call("GET", "\(Self.rooms)/!none/\(rest)", token: bert.token)
                #expect(real.status == none.status, "\(rest)")
                #expect(real.body == none.body, "\(rest)")
                #expect([403, 404].contains(real.status), "\(rest)")
            }
        }
    }

    @Test func aWorldReadableRoomIsReadByAnybodyWithAToken() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway, bertJoins: false)
            let before = try await room.send("m.room.message", by: anna.user)
            try await room.setVisibility("world_readable", by: anna.user)
            let after = try await room.send("m.room.message", by: anna.user)
            let page = try await gateway.call("GET", "\(path)/messages?dir=b&limit=100", token: bert.token)
            #expect(ids(page.body["chunk"]).contains(after.id.rawValue))
            #expect(!ids(page.body["chunk"]).contains(before.id.rawValue))
            #expect(page.body["end"] == nil)
            for rest in ["state", "members", "event/\(after.id)", "context/\(after.id)", "state/m.room.create"] {
                let answer = try await gateway.call("GET", "\(path)/\(rest)", token: bert.token)
                #expect(answer.status == 200, "\(rest)")
            }
            #expect(try await gateway.call("GET", "\(path)/joined_members", token: bert.token).status == 403)
            #expect(try await gateway.call("GET", "\(path)/state").errcode == "M_MISSING_TOKEN")
        }
    }

    @Test func aForgottenRoomIsReadAgainAfterRejoining() async throws {
        try await Gateway.with { gateway, _ in
            let (_, bert, room, path) = try await makeRoom(gateway)
            try await room.setMembership("leave", of: bert.user)
            func status() async throws -> Int {
                try await gateway.call("GET", "\(path)/messages?dir=b", token: bert.token).status
            }
            #expect(try await status() == 200)
            try await room.forget(bert.user)
            #expect(try await status() == 403)
            try await room.setMembership("join", of: bert.user)
            #expect(try await status() == 200)
        }
    }

    @Test func whatWasRedactedIsRedactedOnEveryPath() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert, room, path) = try await makeRoom(gateway)
            let message = try await room.send("m.room.message", by: bert.user, ["body": "secret"])
            let topic = try await room.send("m.room.topic", stateKey: "", by: bert.user, ["topic": "secret"])
            let name = try await room.setMembership("join", of: bert.user, ["displayname": "secret"])
            for event in [message, topic, name] { try await room.redact(event.id, by: anna.user, reason: "spam") }
            for rest in [
                "messages?dir=b&limit=100", "messages?dir=f&limit=100&\(Self.lazy)", "state", "state/m.room.topic",
                "state/m.room.topic?format=event", "state/m.room.member/\(bert.user)", "members", "joined_members",
                "event/\(message.id)", "event/\(topic.id)", "context/\(message.id)",
                "context/\(message.id)?\(Self.lazy)",
            ] {
                let answer = try await gateway.call("GET", "\(path)/\(rest)", token: anna.token)
                #expect(answer.status == 200, "\(rest)")
                let text = String(decoding: answer.value.bytes(), as: UTF8.self)
                #expect(!text.contains("secret"), "\(rest): \(text)")
            }
        }
    }

    /// A text as a query parameter's value.
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in (byte < 16 ? "%0" : "%") + String(byte, radix: 16) }.joined()
    }
}
