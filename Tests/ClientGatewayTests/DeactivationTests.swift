import CanonicalJSON
import ClientGateway
import Identifiers
import Postgres
import Testing

/// Ending an account, and what of it remains.
@Suite struct DeactivationTests {
    private static let v3 = "/_matrix/client/v3"

    private func auth(_ name: String, _ password: String = "secret") -> JSONValue {
        ["type": "m.login.password", "user": .string(name), "password": .string(password)]
    }

    @Test(arguments: [true, false])
    func anEndedAccountLeavesItsRooms(erase: Bool) async throws {
        try await Gateway.withRoomWriter { gateway in
            let anna = try await gateway.register("anna")
            let bert = try await gateway.register("bert")
            var rooms: [String] = []
            for _ in 0..<3 {
                let room = try await gateway.call(
                    "POST", "\(Self.v3)/createRoom", #"{"preset":"public_chat"}"#, token: bert.token)
                let id = try #require(room.body["room_id"]?.stringValue)
                let joined = try await gateway.call("POST", "\(Self.v3)/rooms/\(id)/join", "{}", token: anna.token)
                #expect(joined.status == 200)
                rooms.append(id)
            }
            _ = try await gateway.call(
                "PUT", "\(Self.v3)/profile/\(anna.user)/displayname", #"{"displayname":"A"}"#, token: anna.token)
            let data = try await gateway.call(
                "PUT", "\(Self.v3)/user/\(anna.user)/account_data/m.test", #"{"a":1}"#, token: anna.token)
            #expect(data.status == 200)

            let path = "\(Self.v3)/account/deactivate"
            let wrong = try await gateway.call(
                "POST", path, json: ["auth": auth("anna", "guess")], token: anna.token)
            #expect(wrong.errcode == "M_FORBIDDEN")
            let other = try await gateway.call("POST", path, json: ["auth": auth("bert")], token: anna.token)
            #expect(other.errcode == "M_FORBIDDEN")
            let done = try await gateway.call(
                "POST", path, json: ["auth": auth("anna"), "erase": .bool(erase)], token: anna.token)
            #expect(done.body == ["id_server_unbind_result": "success"])

            // A worker that dies between steps loses nothing: each step takes up where the row says.
            var steps = 0
            while try await gateway.cleaner.step(), steps < 20 { steps += 1 }
            #expect(steps < 20)
            for room in rooms {
                let members = try await gateway.call(
                    "GET", "\(Self.v3)/rooms/\(room)/joined_members", token: bert.token)
                #expect(members.body["joined"]?.objectValue?.keys.map { $0 } == [bert.user.rawValue])
            }
            let left = try await gateway.database.query(
                "SELECT FROM account_data WHERE user_id = $1 AND content IS NOT NULL", anna.user.rawValue)
            #expect(left.isEmpty == erase)
            #expect(try await gateway.database.query("SELECT FROM account_cleanup").isEmpty)
            #expect(
                try await gateway.database.query("SELECT FROM device WHERE user_id = $1", anna.user.rawValue).isEmpty)
            let login = try await gateway.call(
                "POST", "\(Self.v3)/login", json: ["type": "m.login.password", "user": "anna", "password": "secret"])
            #expect(login.status == 403)
            let name = try await gateway.call("GET", "\(Self.v3)/register/available?username=anna")
            #expect(name.errcode == "M_USER_IN_USE")
        }
    }

    @Test func aPasswordAloneEndsAnAccount() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let path = "\(Self.v3)/account/deactivate"
            let challenge = try await gateway.call("POST", path, "{}")
            #expect(challenge.status == 401)
            #expect(challenge.body["flows"] == [["stages": ["m.login.password"]]])
            let session = try #require(challenge.body["session"])
            var auth = try #require(auth("anna").objectValue)
            auth["session"] = session
            #expect(try await gateway.call("POST", path, json: ["auth": .object(auth)]).status == 200)
            let whoami = try await gateway.call("GET", "\(Self.v3)/account/whoami", token: anna.token)
            #expect(whoami.errcode == "M_UNKNOWN_TOKEN")
            let rows = try await gateway.database.query(
                "SELECT password_hash, erased_at_ms, deactivated_at_ms FROM account")
            let row = try #require(rows.first)
            #expect(try row.optionalText("password_hash") == nil)
            #expect(try row.optionalInt64("erased_at_ms") == nil)
            #expect(try row.optionalInt64("deactivated_at_ms") != nil)
        }
    }

    @Test func aStepIsAsLargeAsItMayBe() async throws {
        try await Gateway.with { gateway, writer in
            let anna = try await gateway.register("anna")
            let count = AccountCleaner.stepMax + 1
            for number in 0..<count {
                let room = "!\(1_000 + number):test.example"
                try await gateway.database.query(
                    "INSERT INTO room (room_id, shard, version, created_at_ms) VALUES ($1, 0, '11', 0)", room)
                try await gateway.database.query(
                    """
                    INSERT INTO current_membership
                           (room_id, user_id, membership, sender, event_id, is_local, shard, seq)
                    VALUES ($1, $2, 'join', $2, '$member', true, 0, 1)
                    """, room, anna.user.rawValue)
            }
            let done = try await gateway.call(
                "POST", "\(Self.v3)/account/deactivate", json: ["auth": auth("anna")], token: anna.token)
            #expect(done.status == 200)
            func left() -> Int {
                writer.commands.count { if case .sendEvents = $0 { true } else { false } }
            }
            #expect(try await gateway.cleaner.step())
            #expect(left() == AccountCleaner.stepMax)
            // The room's writer is away: the step ends there, and the next begins with that room.
            writer.script(.busy(retryAfter: .seconds(1)))
            await #expect(throws: (any Error).self) { try await gateway.cleaner.step() }
            #expect(left() == AccountCleaner.stepMax)
            #expect(try await gateway.cleaner.step())
            #expect(left() == count)
            #expect(try await gateway.cleaner.step())
            #expect(try await !gateway.cleaner.step())
        }
    }

    /// On every path by which events are read.
    @Test func whatAnErasedUserSentIsKeptFromThoseWhoComeLater() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let carl = try await scene.gateway.register("carl")
            let room = try await scene.createRoom(bert, ["preset": "public_chat"])
            try await scene.join(room, anna)
            let sent = try await scene.put("rooms/\(room)/send/m.room.message/1", ["body": "secret words"], anna)
            let event = try #require(sent.body["event_id"]?.stringValue)
            let done = try await scene.post("account/deactivate", ["auth": auth("anna"), "erase": true], anna)
            #expect(done.status == 200)
            try await scene.join(room, carl)
            func contents(_ session: Gateway.Session) async throws -> [JSONValue?] {
                let own = try await scene.get("rooms/\(room)/event/\(event)", session).body["content"]
                let context = try await scene.get("rooms/\(room)/context/\(event)", session).body["event"]?["content"]
                let page = try await scene.get("rooms/\(room)/messages?dir=b&limit=100", session).body["chunk"]
                let listed = page?.arrayValue?.first { $0["event_id"]?.stringValue == event }?["content"]
                return [own, context, listed]
            }
            func isFound(by session: Gateway.Session) async throws -> Bool {
                let criteria: JSONObject = ["search_categories": ["room_events": ["search_term": "secret"]]]
                let found = try await scene.post("search", criteria, session)
                return try #require(found.body["search_categories"]?["room_events"]?["results"]?.arrayValue).count == 1
            }
            #expect(try await contents(bert) == Array(repeating: ["body": "secret words"], count: 3))
            #expect(try await isFound(by: bert))
            #expect(try await contents(carl) == Array(repeating: [:], count: 3))
            #expect(try await !isFound(by: carl))
        }
    }

    /// As an event, as what an event replaced, and as a member loaded beside what somebody said.
    @Test func whoAnErasedUserWasIsKeptFromThoseWhoComeLater() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let carl = try await scene.gateway.register("carl")
            let named = try await scene.put("profile/\(anna.user)/displayname", ["displayname": "Real Name"], anna)
            #expect(named.status == 200)
            let room = try await scene.createRoom(bert, ["preset": "private_chat", "name": "The room"])
            #expect(
                try await scene.post("rooms/\(room)/invite", ["user_id": .string(anna.user.rawValue)], bert).status
                    == 200)
            try await scene.join(room, anna)
            let sent = try await scene.put("rooms/\(room)/send/m.room.message/1", ["body": "words"], anna)
            let event = try #require(sent.body["event_id"]?.stringValue)
            let done = try await scene.post("account/deactivate", ["auth": auth("anna"), "erase": true], anna)
            #expect(done.status == 200)
            while try await scene.gateway.cleaner.step() {}
            #expect(
                try await scene.post("rooms/\(room)/invite", ["user_id": .string(carl.user.rawValue)], bert).status
                    == 200)
            try await scene.join(room, carl)
            let lazy = "%7B%22lazy_load_members%22%3Atrue%7D"
            let paths = [
                "rooms/\(room)/messages?dir=b&limit=100&filter=\(lazy)", "rooms/\(room)/messages?dir=f&limit=100",
                "rooms/\(room)/context/\(event)?limit=20&filter=\(lazy)", "rooms/\(room)/state",
                "rooms/\(room)/members", "rooms/\(room)/event/\(event)",
            ]
            for path in paths {
                let answer = try await scene.get(path, carl)
                #expect(answer.status == 200)
                let text = String(decoding: answer.body.bytes(), as: UTF8.self)
                #expect(!text.contains("Real Name"), "\(path)")
                guard path.contains("messages") else { continue }
                // Still members of the room they were in, which keeps its name.
                let members = (answer.body["chunk"]?.arrayValue ?? []).filter {
                    $0["state_key"]?.stringValue == anna.user.rawValue
                }
                let memberships = members.compactMap { $0["content"]?["membership"]?.stringValue }
                #expect(Set(memberships) == ["invite", "join", "leave"], "\(path)")
                #expect(text.contains("The room"))
            }
            // Who was there knows who it was.
            let page = try await scene.get(paths[1], bert)
            #expect(String(decoding: page.body.bytes(), as: UTF8.self).contains("Real Name"))
        }
    }
}
