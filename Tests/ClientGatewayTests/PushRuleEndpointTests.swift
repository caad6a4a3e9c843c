import CanonicalJSON
import Identifiers
import Postgres
import Testing

/// Push rules and pushers through their endpoints.
@Suite struct PushRuleEndpointTests {
    @Test func rulesAreSetMovedAndRemoved() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let rules = "pushrules/global"
            let body: JSONObject = ["pattern": "cake", "actions": ["notify", "dont_notify"]]
            #expect(try await scene.put("\(rules)/content/a", body, anna).status == 200)
            #expect(try await scene.put("\(rules)/content/b?after=a", body, anna).status == 200)
            let all = try await scene.get("pushrules/", anna).body
            #expect(all["global"]?["content"]?.arrayValue?.compactMap { $0["rule_id"] } == ["a", "b"])
            #expect(try await scene.get("pushrules/global/", anna).body == all["global"]?.objectValue)
            #expect(try await scene.get("\(rules)/content/a", anna).body["actions"] == ["notify"])
            #expect(try await scene.put("\(rules)/content/c?before=gone", body, anna).errcode == "M_UNKNOWN")
            let account = try await scene.get("user/\(anna.user)/account_data/m.push_rules", anna)
            #expect(account.body == all)
            let forbidden = try await scene.put("user/\(anna.user)/account_data/m.push_rules", [:], anna)
            #expect(forbidden.status == 405)

            let master = "\(rules)/override/.m.rule.master"
            #expect(try await scene.get("\(master)/enabled", anna).body == ["enabled": false])
            #expect(try await scene.put("\(master)/enabled", ["enabled": true], anna).status == 200)
            #expect(try await scene.get("\(master)/enabled", anna).body == ["enabled": true])
            #expect(try await scene.put("\(master)/actions", ["actions": ["notify"]], anna).status == 200)
            #expect(try await scene.get("\(master)/actions", anna).body == ["actions": ["notify"]])
            let gone = try await scene.gateway.call(
                "DELETE", "\(RoomScene.v3)/\(rules)/content/a", token: anna.token)
            #expect(gone.status == 200)
            for path in ["content/a", "override/.m.rule.master"] {
                let again = try await scene.gateway.call(
                    "DELETE", "\(RoomScene.v3)/\(rules)/\(path)", token: anna.token)
                #expect(again.errcode == "M_NOT_FOUND")
            }
            #expect(try await scene.put("\(rules)/content/a/enabled", ["enabled": true], anna).errcode == "M_NOT_FOUND")
        }
    }

    /// MSC4306: rules of that kind are the server's own, and can be turned off.
    @Test func rulesForThreadsAreTheServersOwn() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let rules = "pushrules/global/postcontent"
            let own = try await scene.put("\(rules)/mine", ["conditions": [], "actions": ["notify"]], anna)
            #expect(own.status == 400 && own.errcode == "M_INVALID_PARAM")
            let name = ".io.element.msc4306.rule.subscribed_thread"
            #expect(try await scene.get("\(rules)/\(name)", anna).body["enabled"] == true)
            #expect(try await scene.put("\(rules)/\(name)/enabled", ["enabled": false], anna).status == 200)
            let all = try await scene.get("pushrules/", anna).body["global"]?["postcontent"]?.arrayValue
            #expect(all?.map { $0["enabled"] } == [true, false])
        }
    }

    /// Two devices that change rules at once overwrite nothing of each other.
    @Test func changesAtOnceAreAllKept() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let answer = try await scene.put(
                            "pushrules/global/sender/@u\(number):x", ["actions": []], anna)
                        #expect(answer.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            let rules = try await scene.get("pushrules/global/", anna).body["sender"]?.arrayValue
            #expect(rules?.count == 20)
        }
    }

    @Test func pushersGoWithTheirDeviceAndMoveWithTheirKey() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let bert = try await scene.gateway.register("bert")
            func pusher(_ key: String, append: Bool = false) -> JSONObject {
                [
                    "app_id": "app", "pushkey": .string(key), "kind": "http", "app_display_name": "App",
                    "device_display_name": "Phone", "lang": "en", "profile_tag": "t", "append": .bool(append),
                    "data": ["url": "https://push.example/_matrix/push/v1/notify", "more": 1],
                ]
            }
            func keys(_ session: Gateway.Session) async throws -> [JSONValue] {
                try await scene.get("pushers", session).body["pushers"]?.arrayValue?.compactMap { $0["pushkey"] } ?? []
            }
            _ = try await scene.post("pushers/set", pusher("one"), anna)
            _ = try await scene.post("pushers/set", pusher("one"), anna)
            let listed = try await scene.get("pushers", anna).body["pushers"]?.arrayValue?.first
            var expected = pusher("one")
            expected["append"] = nil as JSONValue?
            #expect(listed == .object(expected))
            _ = try await scene.post("pushers/set", pusher("one", append: true), bert)
            #expect(try await keys(anna) == ["one"])
            _ = try await scene.post("pushers/set", pusher("one"), bert)
            #expect(try await keys(anna) == [])
            // A new password logs the other devices out, and their pushers go; one's own stays.
            let login: JSONObject = ["type": "m.login.password", "user": "anna", "password": "secret"]
            let other = try Gateway.session(try await scene.post("login", login, anna))
            _ = try await scene.post("pushers/set", pusher("mine"), anna)
            _ = try await scene.post("pushers/set", pusher("other"), other)
            let changed = try await scene.post(
                "account/password", ["auth": .object(login), "new_password": "better"], anna)
            #expect(changed.status == 200)
            #expect(try await keys(anna) == ["mine"])
            let removed = try await scene.post(
                "pushers/set", ["app_id": "app", "pushkey": "mine", "kind": .null], anna)
            #expect(removed.status == 200 && removed.body == [:])
            #expect(try await keys(anna) == [])
        }
    }

    @Test func notificationsFollowTheRulesThereAreNow() async throws {
        try await ChatRoom.with { chat in
            for text in ["cake", "tea", "cake again"] { try await chat.say(chat.anna, text) }
            func list(_ query: String = "") async throws -> [String] {
                let answer = try await chat.gateway.call(
                    "GET", "\(ChatRoom.v3)/notifications\(query)", token: chat.bert.token)
                return answer.body["notifications"]?.arrayValue?.compactMap {
                    $0["event"]?["content"]?["body"]?.stringValue
                } ?? []
            }
            #expect(try await list() == ["cake again", "tea", "cake"])
            let rules = "\(ChatRoom.v3)/pushrules/global"
            _ = try await chat.gateway.call(
                "PUT", "\(rules)/content/c",
                json: ["pattern": "cake", "actions": ["notify", ["set_tweak": "highlight"]]], token: chat.bert.token)
            #expect(try await list("?only=highlight") == ["cake again", "cake"])
            _ = try await chat.gateway.call(
                "PUT", "\(rules)/underride/.m.rule.message/enabled", json: ["enabled": false], token: chat.bert.token)
            _ = try await chat.gateway.call(
                "PUT", "\(rules)/underride/.m.rule.room_one_to_one/enabled", json: ["enabled": false],
                token: chat.bert.token)
            #expect(try await list() == ["cake again", "cake"])
        }
    }
}
