import CanonicalJSON
import ClientGateway
import Identifiers
import Storage
import Testing

/// `POST /register` and what goes with it, as the spec's schemas have it.
@Suite struct RegistrationTests {
    private let path = "/_matrix/client/v3/register"
    private let dummy: JSONValue = ["type": "m.login.dummy"]

    @Test func theFlowIsNamedFirstAndThenTaken() async throws {
        try await Gateway.with { gateway, _ in
            let body: JSONObject = ["username": "anna", "password": "secret", "initial_device_display_name": "Phone"]
            let challenge = try await gateway.call("POST", path, json: body)
            #expect(challenge.status == 401)
            #expect(challenge.errcode == nil)
            #expect(challenge.body["flows"] == [["stages": ["m.login.dummy"]]])
            let session = try #require(challenge.body["session"]?.stringValue)

            var answer = body
            answer["auth"] = ["type": "m.login.dummy", "session": .string(session)]
            let made = try await gateway.call("POST", path, json: answer)
            #expect(made.status == 200)
            #expect(made.body["user_id"] == "@anna:test.example")
            #expect(made.body["home_server"] == "test.example")
            #expect(made.body["refresh_token"] == nil)
            #expect(made.body["expires_in_ms"] == nil)
            let me = try Gateway.session(made)
            let devices = try await gateway.call("GET", "/_matrix/client/v3/devices", token: me.token)
            #expect(devices.body["devices"]?.arrayValue?.first?["display_name"] == "Phone")

            let again = try await gateway.call("POST", path, json: answer)
            #expect(again.status == 400)
            #expect(again.errcode == "M_USER_IN_USE")
        }
    }

    @Test func whatIsAskedForIsGiven() async throws {
        try await Gateway.with { gateway, _ in
            let silent = try await gateway.call(
                "POST", path,
                json: ["username": "Anna", "password": "secret", "inhibit_login": true, "auth": dummy])
            #expect(silent.body == ["user_id": "@anna:test.example", "home_server": "test.example"])
            let named = try await gateway.call(
                "POST", path, json: ["password": "secret", "device_id": "D", "refresh_token": true, "auth": dummy])
            #expect(named.status == 200)
            #expect(named.body["device_id"] == "D")
            #expect(named.body["refresh_token"]?.stringValue != nil)
            #expect(named.body["expires_in_ms"]?.intValue ?? 0 > 0)
            #expect(named.body["user_id"]?.stringValue?.hasPrefix("@user-") == true)
        }
    }

    @Test func namesAndPasswordsAreChecked() async throws {
        try await Gateway.with { gateway, _ in
            for (name, errcode) in [("a b", "M_INVALID_USERNAME"), ("", "M_INVALID_USERNAME")] {
                let answer = try await gateway.call(
                    "POST", path, json: ["username": .string(name), "password": "secret", "auth": dummy])
                #expect(answer.status == 400)
                #expect(answer.errcode == errcode)
                let free = try await gateway.call(
                    "GET", "\(path)/available?username=\(name.replacing(" ", with: "%20"))")
                #expect(free.errcode == errcode)
            }
            let weak = try await gateway.call("POST", path, json: ["username": "a", "password": "", "auth": dummy])
            #expect(weak.errcode == "M_WEAK_PASSWORD")
            let none = try await gateway.call("POST", path, json: ["username": "a", "auth": dummy])
            #expect(none.errcode == "M_MISSING_PARAM")
            #expect(try await gateway.call("GET", "\(path)/available?username=a").body == ["available": true])
        }
    }

    @Test func aTokenIsTakenAsOftenAsItMay() async throws {
        var options = Gateway.Options()
        options.registration = .token
        try await Gateway.with(options) { gateway, _ in
            let tokens = RegistrationTokenStore(database: gateway.database)
            _ = try await tokens.insert("once", usesAllowed: 1, expiresAt: nil)
            func register(_ name: String, _ token: String) async throws -> Gateway.Answer {
                try await gateway.call(
                    "POST", path,
                    json: [
                        "username": .string(name), "password": "secret",
                        "auth": ["type": "m.login.registration_token", "token": .string(token)],
                    ])
            }
            let challenge = try await gateway.call("POST", path, json: ["username": "a", "password": "b"])
            #expect(challenge.body["flows"] == [["stages": ["m.login.registration_token"]]])
            let wrong = try await register("anna", "wrong")
            #expect(wrong.status == 401)
            #expect(wrong.errcode == "M_UNAUTHORIZED")
            #expect(wrong.body["flows"] != nil)
            let valid = "/_matrix/client/v1/register/m.login.registration_token/validity?token="
            #expect(try await gateway.call("GET", valid + "once").body == ["valid": true])
            #expect(try await gateway.call("GET", valid + "wrong").body == ["valid": false])
            #expect(try await register("anna", "once").status == 200)
            #expect(try await register("bert", "once").errcode == "M_UNAUTHORIZED")
            #expect(try await gateway.call("GET", valid + "once").body == ["valid": false])
        }
    }

    @Test func closedAndGuestRegistrationsAreRefused() async throws {
        var options = Gateway.Options()
        options.registration = .closed
        try await Gateway.with(options) { gateway, _ in
            let closed = try await gateway.call("POST", path, json: ["username": "a", "password": "b", "auth": dummy])
            #expect(closed.status == 403)
            #expect(closed.errcode == "M_FORBIDDEN")
            let guest = try await gateway.call("POST", path + "?kind=guest", json: [:])
            #expect(guest.status == 403)
            let odd = try await gateway.call("POST", path + "?kind=odd", json: [:])
            #expect(odd.errcode == "M_INVALID_PARAM")
        }
    }
}
