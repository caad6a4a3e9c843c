import CanonicalJSON
import ClientGateway
import Identifiers
import Postgres
import Testing

/// Tokens that stand for a login: for one more device, for another service, and those that are refreshed.
@Suite struct LoginTokenTests {
    private static let v3 = "/_matrix/client/v3"
    private let auth: JSONValue = ["type": "m.login.password", "user": "anna", "password": "secret"]

    @Test func aLoginTokenLogsOneDeviceInOnce() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let path = "/_matrix/client/v1/login/get_token"
            let challenge = try await gateway.call("POST", path, "{}", token: anna.token)
            #expect(challenge.status == 401)
            #expect(challenge.body["flows"] == [["stages": ["m.login.password"]]])
            func token() async throws -> JSONValue {
                let answer = try await gateway.call("POST", path, json: ["auth": auth], token: anna.token)
                #expect(answer.status == 200)
                #expect(answer.body["expires_in_ms"]?.intValue ?? 0 > 0)
                return try #require(answer.body["login_token"])
            }
            let login: JSONObject = ["type": "m.login.token", "token": try await token()]
            let answer = try await gateway.call("POST", "\(Self.v3)/login", json: login)
            #expect(answer.status == 200)
            let session = try Gateway.session(answer)
            #expect(session.user == anna.user)
            #expect(session.device != anna.device)
            #expect(try await gateway.call("POST", "\(Self.v3)/login", json: login).errcode == "M_FORBIDDEN")

            let late: JSONObject = ["type": "m.login.token", "token": try await token()]
            try await gateway.database.query("UPDATE account_token SET expires_at_ms = 1")
            #expect(try await gateway.call("POST", "\(Self.v3)/login", json: late).errcode == "M_FORBIDDEN")
        }
    }

    @Test func anOpenIDTokenShowsWhoItsUserIs() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let answer = try await gateway.call(
                "POST", "\(Self.v3)/user/\(anna.user)/openid/request_token", "{}", token: anna.token)
            #expect(answer.status == 200)
            #expect(answer.body["token_type"] == "Bearer")
            #expect(answer.body["matrix_server_name"] == "test.example")
            #expect(answer.body["expires_in"]?.intValue ?? 0 > 0)
            let token = try #require(answer.body["access_token"]?.stringValue)
            let path = "/_matrix/federation/v1/openid/userinfo?access_token="
            #expect(try await gateway.call("GET", path + token).body == ["sub": .string(anna.user.rawValue)])
            // It shows who somebody is and opens nothing.
            #expect(try await gateway.call("GET", "\(Self.v3)/account/whoami", token: token).status == 401)
            #expect(try await gateway.call("GET", path + anna.token).status == 401)
            try await gateway.database.query("UPDATE account_token SET expires_at_ms = 1")
            #expect(try await gateway.call("GET", path + token).errcode == "M_UNKNOWN_TOKEN")
        }
    }

    @Test func anOldRefreshTokenIsGoodUntilTheNewPairIsUsedAndThenEndsAll() async throws {
        try await Gateway.with { gateway, _ in
            _ = try await gateway.register("anna")
            var body = try #require(auth.objectValue)
            body["refresh_token"] = true
            let first = try await gateway.call("POST", "\(Self.v3)/login", json: body)
            let old = try #require(first.body["refresh_token"])
            func refresh(_ token: JSONValue) async throws -> Gateway.Answer {
                try await gateway.call("POST", "\(Self.v3)/refresh", json: ["refresh_token": token])
            }
            #expect(try await refresh(old).status == 200)
            let next = try await refresh(old)
            #expect(next.status == 200)
            let access = try #require(next.body["access_token"]?.stringValue)
            #expect(try await gateway.call("GET", "\(Self.v3)/account/whoami", token: access).status == 200)
            let reused = try await refresh(old)
            #expect(reused.status == 401)
            #expect(reused.errcode == "M_UNKNOWN_TOKEN")
            #expect(reused.body["soft_logout"] == true)
            #expect(try await refresh(try #require(next.body["refresh_token"])).errcode == "M_UNKNOWN_TOKEN")
        }
    }

    @Test func anExpiredAccessTokenIsASoftLogout() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna", refreshable: true)
            try await gateway.database.query("UPDATE access_token SET expires_at_ms = 1")
            let answer = try await gateway.call("GET", "\(Self.v3)/account/whoami", token: anna.token)
            #expect(answer.status == 401)
            #expect(answer.errcode == "M_UNKNOWN_TOKEN")
            #expect(answer.body["soft_logout"] == true)
        }
    }
}
