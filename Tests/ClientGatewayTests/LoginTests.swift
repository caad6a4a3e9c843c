import CanonicalJSON
import ClientGateway
import Identifiers
import Testing

/// Logging in and out, refreshing, changing passwords, devices.
@Suite struct LoginTests {
    private let login = "/_matrix/client/v3/login"

    private func whoami(_ gateway: Gateway, _ token: String) async throws -> Gateway.Answer {
        try await gateway.call("GET", "/_matrix/client/v3/account/whoami", token: token)
    }

    /// Waits for a revoked token to stop, which takes a second at most.
    private func expectRevoked(_ token: String, _ gateway: Gateway) async throws {
        let start = ContinuousClock.now
        var answer = try await whoami(gateway, token)
        while answer.status == 200, ContinuousClock.now - start < .seconds(5) {
            answer = try await whoami(gateway, token)
        }
        #expect(answer.status == 401)
        #expect(answer.errcode == "M_UNKNOWN_TOKEN")
    }

    private func password(_ user: JSONObject, _ password: String = "secret") -> JSONObject {
        var body = user
        body["type"] = "m.login.password"
        body["password"] = .string(password)
        return body
    }

    @Test func peopleAreKnownByIDAndName() async throws {
        try await Gateway.with { gateway, _ in
            let me = try await gateway.register("anna")
            let names = ["anna", "Anna", "@anna:test.example", "@ANNA:test.example"]
            for name in names {
                let identifier: JSONObject = ["identifier": ["type": "m.id.user", "user": .string(name)]]
                let answer = try await gateway.call("POST", login, json: password(identifier))
                // A server's name is case-sensitive; its users' names are not, when they are typed.
                #expect(answer.status == 200, "\(name)")
                #expect(answer.body["user_id"] == "@anna:test.example")
                let mine = try Gateway.session(answer)
                #expect(mine.device != me.device)
                #expect(
                    try await whoami(gateway, mine.token).body == [
                        "user_id": "@anna:test.example", "device_id": .string(mine.device.rawValue), "is_guest": false,
                    ])
            }
            #expect(try await gateway.call("POST", login, json: password(["user": "anna"])).status == 200)
        }
    }

    @Test func wrongLoginsAreRefusedAlike() async throws {
        try await Gateway.with { gateway, _ in
            _ = try await gateway.register("anna")
            let wrong: [(JSONObject, Int, String)] = [
                (password(["user": "anna"], "wrong"), 403, "M_FORBIDDEN"),
                (password(["user": "nobody"]), 403, "M_FORBIDDEN"),
                (password(["user": "@anna:else.where"]), 403, "M_FORBIDDEN"),
                (password(["identifier": ["type": "m.id.thirdparty", "medium": "email"]]), 400, "M_MISSING_PARAM"),
                (
                    password(["identifier": ["type": "m.id.thirdparty", "medium": "email", "address": "a@b.c"]]), 403,
                    "M_FORBIDDEN"
                ),
                (password(["identifier": ["type": "m.id.thirdparty", "medium": "msisdn"]]), 400, "M_UNKNOWN"),
                (password([:]), 400, "M_MISSING_PARAM"),
                (["type": "m.login.odd"], 400, "M_UNKNOWN"), ([:], 400, "M_MISSING_PARAM"),
                (["type": "m.login.password", "user": "anna"], 400, "M_MISSING_PARAM"),
            ]
            for (body, status, errcode) in wrong {
                let answer = try await gateway.call("POST", login, json: body)
                #expect(answer.status == status, "\(body)")
                #expect(answer.errcode == errcode, "\(body)")
            }
            try await gateway.database.query("UPDATE account SET deactivated_at_ms = 1")
            let gone = try await gateway.call("POST", login, json: password(["user": "anna"]))
            #expect(gone.status == 403)
            #expect(gone.errcode == "M_USER_DEACTIVATED")
        }
    }

    @Test func aDeviceThatLogsInAgainLosesItsOldToken() async throws {
        try await Gateway.with { gateway, _ in
            _ = try await gateway.register("anna")
            var body = password(["user": "anna"])
            body["device_id"] = "PHONE"
            let first = try Gateway.session(try await gateway.call("POST", login, json: body))
            let second = try Gateway.session(try await gateway.call("POST", login, json: body))
            #expect(first.device == second.device)
            try await expectRevoked(first.token, gateway)
            #expect(try await whoami(gateway, second.token).status == 200)
        }
    }

    @Test func aRefreshTokenIsGoodUntilItsSuccessorIsUsed() async throws {
        try await Gateway.with { gateway, _ in
            var body = password(["user": "anna"])
            body["refresh_token"] = true
            _ = try await gateway.register("anna")
            let start = try await gateway.call("POST", login, json: body)
            let first = try #require(start.body["refresh_token"]?.stringValue)
            func refresh(_ token: String) async throws -> Gateway.Answer {
                try await gateway.call("POST", "/_matrix/client/v3/refresh", json: ["refresh_token": .string(token)])
            }
            let lost = try await refresh(first)
            #expect(lost.status == 200)
            #expect(lost.body["expires_in_ms"]?.intValue ?? 0 > 0)
            // The answer was lost on its way: the client asks again.
            let second = try await refresh(first)
            let access = try #require(second.body["access_token"]?.stringValue)
            #expect(try await whoami(gateway, access).status == 200)
            let third = try await refresh(try #require(second.body["refresh_token"]?.stringValue))
            #expect(third.status == 200)
            let stale = try await refresh(first)
            #expect(stale.status == 401)
            #expect(stale.errcode == "M_UNKNOWN_TOKEN")
            #expect(try await refresh("nonsense").errcode == "M_UNKNOWN_TOKEN")
        }
    }

    @Test func loggingOutEndsOneDeviceOrAll() async throws {
        try await Gateway.with { gateway, _ in
            let one = try await gateway.register("anna")
            let two = try Gateway.session(try await gateway.call("POST", login, json: password(["user": "anna"])))
            let three = try Gateway.session(try await gateway.call("POST", login, json: password(["user": "anna"])))
            #expect(try await gateway.call("POST", "/_matrix/client/v3/logout", token: one.token).status == 200)
            try await expectRevoked(one.token, gateway)
            #expect(try await whoami(gateway, two.token).status == 200)
            #expect(try await gateway.call("POST", "/_matrix/client/v3/logout/all", token: two.token).status == 200)
            try await expectRevoked(two.token, gateway)
            try await expectRevoked(three.token, gateway)
        }
    }

    @Test(arguments: [true, false])
    func aNewPasswordTakesTheOldOne(logsOut: Bool) async throws {
        try await Gateway.with { gateway, _ in
            let me = try await gateway.register("anna")
            let other = try Gateway.session(try await gateway.call("POST", login, json: password(["user": "anna"])))
            let path = "/_matrix/client/v3/account/password"
            var body: JSONObject = ["new_password": "better"]
            if !logsOut { body["logout_devices"] = false }
            let challenge = try await gateway.call("POST", path, json: body, token: me.token)
            #expect(challenge.status == 401)
            #expect(challenge.body["flows"] == [["stages": ["m.login.password"]]])
            let session = try #require(challenge.body["session"])

            func change(_ old: String) async throws -> Gateway.Answer {
                body["auth"] = [
                    "type": "m.login.password", "session": session, "password": .string(old),
                    "identifier": ["type": "m.id.user", "user": "anna"],
                ]
                return try await gateway.call("POST", path, json: body, token: me.token)
            }
            let wrong = try await change("guess")
            #expect(wrong.status == 401)
            #expect(wrong.errcode == "M_FORBIDDEN")
            #expect(wrong.body["session"] != nil)
            #expect(try await change("secret").status == 200)
            #expect(try await whoami(gateway, me.token).status == 200)
            if logsOut {
                try await expectRevoked(other.token, gateway)
            } else {
                #expect(try await whoami(gateway, other.token).status == 200)
            }
            #expect(try await gateway.call("POST", login, json: password(["user": "anna"])).status == 403)
            #expect(try await gateway.call("POST", login, json: password(["user": "anna"], "better")).status == 200)
        }
    }

    @Test func devicesAreRenamedAndDeletedByPassword() async throws {
        try await Gateway.with { gateway, _ in
            let me = try await gateway.register("anna")
            let other = try Gateway.session(try await gateway.call("POST", login, json: password(["user": "anna"])))
            let path = "/_matrix/client/v3/devices/\(other.device)"
            let named = try await gateway.call("PUT", path, json: ["display_name": "Desk"], token: me.token)
            #expect(named.status == 200)
            // Nothing given, nothing changed.
            #expect(try await gateway.call("PUT", path, json: [:], token: me.token).status == 200)
            let device = try await gateway.call("GET", path, token: me.token)
            #expect(device.body["device_id"] == .string(other.device.rawValue))
            #expect(device.body["display_name"] == "Desk")
            for (method, body) in [("GET", nil), ("PUT", "{}")] as [(String, String?)] {
                let answer = try await gateway.call(method, "/_matrix/client/v3/devices/none", body, token: me.token)
                #expect(answer.status == 404)
                #expect(answer.errcode == "M_NOT_FOUND")
            }

            let challenge = try await gateway.call("DELETE", path, "{}", token: me.token)
            #expect(challenge.status == 401)
            let session = try #require(challenge.body["session"])
            let auth: JSONValue = [
                "type": "m.login.password", "session": session, "user": "@anna:test.example", "password": "secret",
            ]
            // The session of one operation does not authorise another.
            let elsewhere = try await gateway.call(
                "POST", "/_matrix/client/v3/delete_devices",
                json: ["devices": [.string(me.device.rawValue)], "auth": auth], token: me.token)
            #expect(elsewhere.status == 401)
            let deleted = try await gateway.call("DELETE", path, json: ["auth": auth], token: me.token)
            #expect(deleted.status == 200)
            try await expectRevoked(other.token, gateway)
            #expect(try await gateway.call("GET", path, token: me.token).status == 404)
        }
    }

    @Test func anotherUsersPasswordDeletesNothing() async throws {
        try await Gateway.with { gateway, _ in
            let me = try await gateway.register("anna")
            _ = try await gateway.register("bert")
            let answer = try await gateway.call(
                "POST", "/_matrix/client/v3/delete_devices",
                json: [
                    "devices": [.string(me.device.rawValue)],
                    "auth": ["type": "m.login.password", "user": "bert", "password": "secret"],
                ], token: me.token)
            #expect(answer.status == 401)
            #expect(answer.errcode == "M_FORBIDDEN")
            #expect(try await whoami(gateway, me.token).status == 200)
        }
    }
}
