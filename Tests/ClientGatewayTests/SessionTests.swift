import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

/// Accounts, their devices and tokens.
@Suite struct SessionTests {
    private static let v3 = "/_matrix/client/v3"

    private func login(_ gateway: Gateway, _ name: String, password: String = "secret") async throws -> Gateway.Answer {
        try await gateway.call(
            "POST", "\(Self.v3)/login",
            json: [
                "type": "m.login.password", "identifier": ["type": "m.id.user", "user": .string(name)],
                "password": .string(password),
            ])
    }

    private func isKnown(_ session: Gateway.Session, _ gateway: Gateway) async throws -> Bool {
        let answer = try await gateway.call("GET", "\(Self.v3)/account/whoami", token: session.token)
        if answer.status == 200 {
            #expect(answer.body["user_id"]?.stringValue == session.user.rawValue)
            #expect(answer.body["device_id"]?.stringValue == session.device.rawValue)
            return true
        }
        #expect(answer.status == 401)
        #expect(answer.errcode == "M_UNKNOWN_TOKEN")
        return false
    }

    /// Whether the token stops working within a second of now.
    private func ends(_ session: Gateway.Session, _ gateway: Gateway) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(1)
        while ContinuousClock.now < deadline {
            if try await !isKnown(session, gateway) { return true }
        }
        return false
    }

    @Test func aLogoutEndsItsTokenAndNoOther() async throws {
        try await Gateway.with { gateway, writer in
            let first = try await gateway.register("anna")
            let second = try Gateway.session(try await login(gateway, "anna"))
            #expect(try await isKnown(first, gateway))
            #expect(try await isKnown(second, gateway))
            let answer = try await gateway.call("POST", "\(Self.v3)/logout", "{}", token: first.token)
            #expect(answer.status == 200)
            #expect(try await ends(first, gateway))
            #expect(try await isKnown(second, gateway))
            // What waited to be delivered to the device is dropped.
            guard case .removeDevices(let dropped)? = writer.commands.last else {
                Issue.record("nothing of the device was dropped")
                return
            }
            #expect(dropped.devices == [first.device])
        }
    }

    @Test func aLogoutFromEverywhereEndsAllTokens() async throws {
        try await Gateway.with { gateway, _ in
            let first = try await gateway.register("anna")
            let second = try Gateway.session(try await login(gateway, "@anna:test.example"))
            let other = try await gateway.register("bert")
            for session in [first, second, other] { #expect(try await isKnown(session, gateway)) }
            _ = try await gateway.call("POST", "\(Self.v3)/logout/all", "{}", token: first.token)
            #expect(try await ends(first, gateway))
            #expect(try await ends(second, gateway))
            #expect(try await isKnown(other, gateway))
        }
    }

    @Test func aDeletedDevicesTokenEnds() async throws {
        try await Gateway.with { gateway, _ in
            let first = try await gateway.register("anna")
            let second = try Gateway.session(try await login(gateway, "anna"))
            #expect(try await isKnown(second, gateway))
            let path = "\(Self.v3)/devices/\(second.device)"
            let challenge = try await gateway.call("DELETE", path, "{}", token: first.token)
            #expect(challenge.status == 401)
            #expect(challenge.body["flows"] == [["stages": ["m.login.password"]]])
            let session = try #require(challenge.body["session"])
            func auth(_ password: String) -> JSONObject {
                [
                    "auth": [
                        "type": "m.login.password", "session": session, "password": .string(password),
                        "identifier": ["type": "m.id.user", "user": "anna"],
                    ]
                ]
            }
            let wrong = try await gateway.call("DELETE", path, json: auth("wrong"), token: first.token)
            #expect(wrong.status == 401)
            #expect(wrong.errcode == "M_FORBIDDEN")
            #expect(try await isKnown(second, gateway))
            let right = try await gateway.call("DELETE", path, json: auth("secret"), token: first.token)
            #expect(right.status == 200)
            #expect(try await ends(second, gateway))
            #expect(try await isKnown(first, gateway))
            let devices = try await gateway.call("GET", "\(Self.v3)/devices", token: first.token)
            #expect(devices.body["devices"]?.arrayValue?.count == 1)
        }
    }

    @Test func aNewPasswordEndsTheOtherSessions() async throws {
        try await Gateway.with { gateway, _ in
            let first = try await gateway.register("anna")
            let second = try Gateway.session(try await login(gateway, "anna"))
            #expect(try await isKnown(second, gateway))
            let answer = try await gateway.call(
                "POST", "\(Self.v3)/account/password",
                json: [
                    "new_password": "changed",
                    "auth": [
                        "type": "m.login.password", "password": "secret",
                        "identifier": ["type": "m.id.user", "user": .string(first.user.rawValue)],
                    ],
                ], token: first.token)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(try await ends(second, gateway))
            #expect(try await isKnown(first, gateway))
            #expect(try await login(gateway, "anna").errcode == "M_FORBIDDEN")
            #expect(try await login(gateway, "anna", password: "changed").status == 200)
        }
    }

    @Test func aRefreshTokenGivesANewAccessToken() async throws {
        try await Gateway.with { gateway, _ in
            let answer = try await gateway.call(
                "POST", "\(Self.v3)/register",
                json: [
                    "username": "anna", "password": "secret", "refresh_token": true,
                    "auth": ["type": "m.login.dummy"],
                ])
            #expect(answer.body["expires_in_ms"] != nil)
            let old = try Gateway.session(answer)
            let refresh = try #require(answer.body["refresh_token"])
            let next = try await gateway.call("POST", "\(Self.v3)/refresh", json: ["refresh_token": refresh])
            #expect(next.status == 200)
            let token = try #require(next.body["access_token"]?.stringValue)
            #expect(token != old.token)
            #expect(try await isKnown(.init(user: old.user, device: old.device, token: token), gateway))
        }
    }

    @Test func discoverySaysWhatThisServerCanDo() async throws {
        try await Gateway.with { gateway, _ in
            let session = try await gateway.register("anna")
            let versions = try await gateway.call("GET", "/_matrix/client/versions")
            #expect(versions.body["versions"]?.arrayValue?.contains("v1.1") == true)
            let wellKnown = try await gateway.call("GET", "/.well-known/matrix/client")
            #expect(wellKnown.body["m.homeserver"]?["base_url"] == "https://test.example")
            let flows = try await gateway.call("GET", "\(Self.v3)/login")
            #expect(
                flows.body["flows"]?.arrayValue?.compactMap { $0["type"]?.stringValue } == [
                    "m.login.password", "m.login.sso", "m.login.token",
                ])
            let answer = try await gateway.call("GET", "\(Self.v3)/capabilities", token: session.token)
            let capabilities = try #require(answer.body["capabilities"])
            #expect(capabilities["m.change_password"] == ["enabled": true])
            #expect(capabilities["m.room_versions"]?["default"] == "12")
            let available = try #require(capabilities["m.room_versions"]?["available"]?.objectValue)
            #expect(Set(available.keys) == Set((1...12).map { String($0) }))
            #expect(available.members.allSatisfy { $0.value == "stable" })
        }
    }
}
