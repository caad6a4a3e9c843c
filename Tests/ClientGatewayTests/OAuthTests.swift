import CanonicalJSON
import ClientGateway
import Crypto
import Foundation
import Identifiers
import OutboundHTTP
import Postgres
import Testing

/// The OAuth 2.0 API as a client and a person in a browser go through it.
@Suite struct OAuthTests {
    private static let verifier = String(repeating: "v3rifier", count: 8)
    private static let redirect = "https://app.example/callback?a=b"

    private static var challenge: String {
        Data(SHA256.hash(data: Data(verifier.utf8))).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    private static let metadata: JSONObject = [
        "client_name": "App <b>", "client_uri": "https://app.example/", "application_type": "web",
        "tos_uri": "https://app.example/terms", "redirect_uris": [.string(redirect)],
        "token_endpoint_auth_method": "none", "response_types": ["code"],
        "grant_types": [
            "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code", "other",
        ],
    ]

    private func register(_ gateway: Gateway) async throws -> String {
        let answer = try await gateway.call("POST", "/oauth2/register", json: Self.metadata)
        #expect(answer.status == 201, "\(answer.body)")
        return try #require(answer.body["client_id"]?.stringValue)
    }

    private func authorizePath(_ client: String, _ changes: [String: String?] = [:]) -> String {
        var fields: [String: String] = [
            "response_type": "code", "client_id": client, "redirect_uri": Self.redirect, "state": "st&te",
            "scope": "urn:matrix:client:api:* urn:matrix:client:device:PHONE", "response_mode": "fragment",
            "code_challenge": Self.challenge, "code_challenge_method": "S256",
        ]
        for (name, value) in changes { fields[name] = value }
        return "/oauth2/authorize?" + fields.map { "\($0.key)=\(Browser.encoded($0.value))" }.joined(separator: "&")
    }

    private func token(_ gateway: Gateway, _ fields: [String: String]) async throws -> Gateway.Answer {
        let form = fields.map { "\($0.key)=\(Browser.encoded($0.value))" }.joined(separator: "&")
        return try await gateway.call("POST", "/oauth2/token", form)
    }

    private func parameters(_ location: String?) throws -> [String: String] {
        let text = try #require(location)
        let query = try #require(text.split(separator: "#").last)
        return Dictionary(
            uniqueKeysWithValues: query.split(separator: "&").map { part in
                let pair = part.split(separator: "=", maxSplits: 1)
                return (String(pair[0]), String(pair[1]).removingPercentEncoding ?? "")
            })
    }

    /// Goes through the pages as Anna and answers the code.
    private func allow(_ browser: Browser, _ client: String) async throws -> String {
        let path = authorizePath(client)
        var page = try await browser.get(path)
        if page.text.contains("action=\"/oauth2/login\"") {
            let redirected = try await browser.logIn(page)
            #expect(redirected.status == 303)
            page = try await browser.get(try #require(redirected.location))
        }
        let done = try await browser.submit(page, "/oauth2/authorize", [("decision", "allow")])
        #expect(done.status == 303, "\(done.text)")
        #expect(done.location?.hasPrefix("\(Self.redirect)#") == true)
        let answer = try parameters(done.location)
        #expect(answer["state"] == "st&te")
        return try #require(answer["code"])
    }

    private func exchange(
        _ gateway: Gateway, _ code: String, _ client: String, _ changes: [String: String] = [:]
    ) async throws -> Gateway.Answer {
        let fields = [
            "grant_type": "authorization_code", "code": code, "redirect_uri": Self.redirect, "client_id": client,
            "code_verifier": Self.verifier,
        ]
        return try await token(gateway, fields.merging(changes) { $1 })
    }

    @Test func theMetadataSayWhereEverythingIs() async throws {
        try await Gateway.with { gateway, _ in
            let answer = try await gateway.call("GET", "/_matrix/client/v1/auth_metadata")
            #expect(answer.status == 200)
            #expect(answer.body["issuer"] == "https://test.example/")
            #expect(answer.body["token_endpoint"] == "https://test.example/oauth2/token")
            #expect(answer.body["code_challenge_methods_supported"] == ["S256"])
            let old = "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata"
            #expect(try await gateway.call("GET", old).body == answer.body)
        }
    }

    @Test func aPersonAllowsAClientWhichThenActsAsThem() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let client = try await register(gateway)
            #expect(try await register(gateway) == client)
            let browser = Browser(gateway)

            let login = try await browser.get(authorizePath(client))
            let wrong = try await browser.logIn(login, "anna", "guess")
            #expect(wrong.status == 403)
            let redirected = try await browser.logIn(login, "Anna")
            let consent = try await browser.get(try #require(redirected.location))
            #expect(consent.text.contains("App &lt;b&gt;"))
            #expect(consent.text.contains("of <strong>app.example</strong>"))
            #expect(consent.text.contains("<a href=\"https://app.example/terms\""))
            #expect(consent.text.contains(anna.user.rawValue))
            #expect(consent.head.header("content-security-policy")?.contains("https://app.example") == true)
            #expect(consent.head.header("x-frame-options") == "DENY")

            let code = try await allow(browser, client)
            let tokens = try await exchange(gateway, code, client)
            #expect(tokens.status == 200, "\(tokens.body)")
            #expect(tokens.body["token_type"] == "Bearer")
            #expect(tokens.body["expires_in"]?.intValue ?? 0 > 0)
            #expect(tokens.body["scope"] == "urn:matrix:client:api:* urn:matrix:client:device:PHONE")
            let access = try #require(tokens.body["access_token"]?.stringValue)
            let whoami = try await gateway.call("GET", "/_matrix/client/v3/account/whoami", token: access)
            #expect(whoami.body["user_id"] == .string(anna.user.rawValue))
            #expect(whoami.body["device_id"] == "PHONE")

            let refresh = try #require(tokens.body["refresh_token"]?.stringValue)
            // The older API does not take it, nor does another client.
            let older = try await gateway.call(
                "POST", "/_matrix/client/v3/refresh", json: ["refresh_token": .string(refresh)])
            #expect(older.errcode == "M_UNKNOWN_TOKEN")
            var other = Self.metadata
            other["client_name"] = "Other"
            let stranger = try await gateway.call("POST", "/oauth2/register", json: other)
            let fields = ["grant_type": "refresh_token", "refresh_token": refresh]
            let stolen = try await token(
                gateway,
                fields.merging(["client_id": try #require(stranger.body["client_id"]?.stringValue)]) { $1 })
            #expect(stolen.body["error"] == "invalid_grant")
            let next = try await token(gateway, fields.merging(["client_id": client]) { $1 })
            #expect(next.status == 200, "\(next.body)")
            let newer = try #require(next.body["access_token"]?.stringValue)
            #expect(try await gateway.call("GET", "/_matrix/client/v3/devices", token: newer).status == 200)

            let revoked = try await gateway.call("POST", "/oauth2/revoke", "token=\(newer)")
            #expect(revoked.status == 200)
            #expect(try await gateway.call("POST", "/oauth2/revoke", "token=nonsense").status == 200)
            let device = try await gateway.call("GET", "/_matrix/client/v3/devices/PHONE", token: anna.token)
            #expect(device.status == 404)
        }
    }

    @Test func aCodeIsGoodOnceForItsClientAndVerifier() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let client = try await register(gateway)
            let browser = Browser(gateway)
            for changes in [
                ["code_verifier": String(repeating: "x", count: 43)], ["redirect_uri": "https://app.example/other"],
                ["code": "nonsense"],
            ] {
                let code = try await allow(browser, client)
                let answer = try await exchange(gateway, code, client, changes)
                #expect(answer.status == 400)
                #expect(answer.body["error"] == "invalid_grant", "\(changes)")
            }
            let late = try await allow(browser, client)
            try await gateway.database.query("UPDATE oauth_code SET expires_at_ms = 1")
            #expect(try await exchange(gateway, late, client).body["error"] == "invalid_grant")

            let code = try await allow(browser, client)
            #expect(try await exchange(gateway, code, client).status == 200)
            // Somebody brings it again: what the first got ends.
            #expect(try await exchange(gateway, code, client).body["error"] == "invalid_grant")
            let device = try await gateway.call("GET", "/_matrix/client/v3/devices/PHONE", token: anna.token)
            #expect(device.status == 404)
            #expect(try await exchange(gateway, code, "nobody").body["error"] == "invalid_client")
            let grant = try await token(gateway, ["grant_type": "password", "client_id": client])
            #expect(grant.body["error"] == "unsupported_grant_type")
            #expect(try await token(gateway, ["client_id": client]).body["error"] == "invalid_request")
        }
    }

    @Test func whatAClientAsksWronglyItIsToldAndElsewhereNobody() async throws {
        try await Gateway.with { gateway, _ in
            _ = try await gateway.register("anna")
            let client = try await register(gateway)
            let browser = Browser(gateway)
            let wrong: [([String: String?], String)] = [
                (["response_type": "token"], "unsupported_response_type"),
                (["code_challenge": nil], "invalid_request"), (["code_challenge_method": "plain"], "invalid_request"),
                (["scope": "openid"], "invalid_scope"), (["scope": "urn:matrix:client:api:*"], "invalid_scope"),
                (
                    ["scope": "urn:matrix:client:api:* urn:matrix:client:device:A urn:matrix:client:device:B"],
                    "invalid_scope"
                ), (["scope": "urn:matrix:client:api:* urn:matrix:client:device:a%20b"], "invalid_scope"),
            ]
            for (changes, error) in wrong {
                let answer = try await browser.get(authorizePath(client, changes))
                #expect(answer.status == 303, "\(changes)")
                #expect(try parameters(answer.location)["error"] == error, "\(changes)")
            }
            for changes in [
                ["client_id": "nobody"], ["redirect_uri": "https://evil.example/"],
                ["redirect_uri": "https://app.example/callback?a=b&c=d"], ["redirect_uri": nil],
            ] as [[String: String?]] {
                let answer = try await browser.get(authorizePath(client, changes))
                #expect(answer.status == 400, "\(changes)")
                #expect(answer.location == nil)
            }
            let unstable =
                "urn:matrix:org.matrix.msc2967.client:api:* urn:matrix:org.matrix.msc2967.client:device:PHONE"
            #expect(try await browser.get(authorizePath(client, ["scope": unstable])).status == 200)

            let login = try await browser.logIn(try await browser.get(authorizePath(client)))
            let consent = try await browser.get(try #require(login.location))
            let denied = try await browser.submit(consent, "/oauth2/authorize", [("decision", "deny")])
            #expect(try parameters(denied.location)["error"] == "access_denied")
        }
    }

    @Test func aFormOfAnotherSiteDoesNothing() async throws {
        try await Gateway.with { gateway, _ in
            _ = try await gateway.register("anna")
            let client = try await register(gateway)
            let browser = Browser(gateway)
            let login = try await browser.get(authorizePath(client))
            // Whoever sends the form has not seen the page in this browser.
            let stranger = Browser(gateway)
            #expect(try await stranger.logIn(login).status == 403)
            let redirected = try await browser.logIn(login)
            let consent = try await browser.get(try #require(redirected.location))
            var fields = try consent.fields(of: "/oauth2/authorize") + [("decision", "allow")]
            for index in fields.indices where fields[index].name == "form_token" { fields[index].value = "00" }
            #expect(try await browser.post("/oauth2/authorize", fields).status == 403)
            let page = try await browser.get("/oauth2/login?to=https%3A%2F%2Fevil.example%2F")
            #expect(try page.fields(of: "/oauth2/login").contains { $0.value == "/oauth2/account" })
        }
    }

    @Test func aDeviceWithoutABrowserIsAllowedFromAnother() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let client = try await register(gateway)
            let scope = "urn:matrix:client:api:* urn:matrix:client:device:TV"
            let form = "client_id=\(client)&scope=\(Browser.encoded(scope))"
            func poll(_ begun: Gateway.Answer) async throws -> Gateway.Answer {
                // As if it had waited.
                try await gateway.database.query("UPDATE oauth_device_request SET polled_at_ms = 0")
                return try await token(
                    gateway,
                    [
                        "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": client,
                        "device_code": try #require(begun.body["device_code"]?.stringValue),
                    ])
            }
            for decision in ["allow", "deny"] {
                let begun = try await gateway.call("POST", "/oauth2/device", form)
                #expect(begun.status == 200, "\(begun.body)")
                #expect(begun.body["interval"] == 5)
                let code = try #require(begun.body["user_code"]?.stringValue)
                #expect(try await poll(begun).body["error"] == "authorization_pending")
                let eager = try await token(
                    gateway,
                    [
                        "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": client,
                        "device_code": try #require(begun.body["device_code"]?.stringValue),
                    ])
                #expect(eager.body["error"] == "slow_down")

                let browser = Browser(gateway)
                let login = try await browser.get("/oauth2/link?user_code=\(code.lowercased())")
                let redirected = try await browser.logIn(login)
                let consent = try await browser.get(try #require(redirected.location))
                let done = try await browser.submit(consent, "/oauth2/link", [("decision", decision)])
                #expect(done.status == 200, "\(done.text)")
                let again = try await browser.submit(consent, "/oauth2/link", [("decision", "allow")])
                #expect(again.status == 404)

                let answer = try await poll(begun)
                if decision == "allow" {
                    #expect(answer.status == 200, "\(answer.body)")
                    let access = try #require(answer.body["access_token"]?.stringValue)
                    let whoami = try await gateway.call("GET", "/_matrix/client/v3/account/whoami", token: access)
                    #expect(whoami.body["user_id"] == .string(anna.user.rawValue))
                    #expect(whoami.body["device_id"] == "TV")
                } else {
                    #expect(answer.body["error"] == "access_denied")
                }
                #expect(try await poll(begun).body["error"] == "invalid_grant")
            }
            let late = try await gateway.call("POST", "/oauth2/device", form)
            try await gateway.database.query("UPDATE oauth_device_request SET expires_at_ms = 1")
            // Still remembered, so that the device is told.
            let expired = try await poll(late)
            #expect(["expired_token", "invalid_grant"].contains(expired.body["error"]?.stringValue ?? ""))
            let browser = Browser(gateway)
            let redirected = try await browser.logIn(try await browser.get("/oauth2/link"))
            _ = try await browser.get(try #require(redirected.location))
            #expect(try await browser.get("/oauth2/link?user_code=AAAA-AAAA").status == 404)
        }
    }

    @Test(arguments: [
        ("https://app.example/cb", "web", true), ("https://sub.app.example:5173/?q=v", "web", true),
        ("https://app.example/cb#f", "web", false), ("http://app.example/cb", "web", false),
        ("http://localhost/", "web", false), ("https://user@app.example/", "web", false),
        ("https://evilapp.example/", "web", false), ("https://app.example.evil/", "web", false),
        ("https://app.example\\@evil/", "web", false), ("example.app:/callback", "native", true),
        ("example.app.phone:callback", "native", true), ("example.app://callback", "native", false),
        ("example:/callback", "native", false), ("example.apple:/", "native", false),
        ("http://127.0.0.1/cb", "native", true), ("http://[::1]/cb", "native", true),
        ("http://localhost:80/cb", "native", false), ("javascript:alert(1)", "native", false),
        ("https://app.example/", "native", true), ("", "native", false),
    ])
    func aRedirectURIBelongsToItsClient(uri: String, type: String, isTaken: Bool) async throws {
        try await Gateway.with { gateway, _ in
            var metadata = Self.metadata
            metadata["application_type"] = .string(type)
            metadata["redirect_uris"] = [.string(uri)]
            let answer = try await gateway.call("POST", "/oauth2/register", json: metadata)
            #expect(answer.status == (isTaken ? 201 : 400), "\(answer.body)")
            if !isTaken { #expect(answer.body["error"] == "invalid_redirect_uri") }
        }
    }

    @Test func otherMetadataAreCheckedToo() async throws {
        try await Gateway.with { gateway, _ in
            let wrong: [(String, JSONValue?, String)] = [
                ("client_uri", nil, "invalid_client_metadata"),
                ("client_uri", "http://app.example/", "invalid_client_metadata"),
                ("client_uri", 7, "invalid_client_metadata"), ("application_type", "odd", "invalid_client_metadata"),
                ("token_endpoint_auth_method", "client_secret_basic", "invalid_client_metadata"),
                ("redirect_uris", nil, "invalid_redirect_uri"), ("redirect_uris", "x", "invalid_client_metadata"),
                ("tos_uri", "https://else.where/", "invalid_client_metadata"),
            ]
            for (key, value, error) in wrong {
                var metadata = Self.metadata
                metadata[key] = value
                let answer = try await gateway.call("POST", "/oauth2/register", json: metadata)
                #expect(answer.status == 400, "\(key)")
                #expect(answer.body["error"] == .string(error), "\(key)")
            }
            let none = try await gateway.call("POST", "/oauth2/register", "{")
            #expect(none.body["error"] == "invalid_client_metadata")
        }
    }

    @Test func aNativeClientIsAnsweredOnAnyPortOfItsMachine() async throws {
        try await Gateway.with { gateway, _ in
            var metadata = Self.metadata
            metadata["application_type"] = "native"
            metadata["redirect_uris"] = ["http://127.0.0.1/cb"]
            let registered = try await gateway.call("POST", "/oauth2/register", json: metadata)
            let client = try #require(registered.body["client_id"]?.stringValue)
            let browser = Browser(gateway)
            for (uri, status) in [("http://127.0.0.1:4711/cb", 200), ("http://127.0.0.1:4711/other", 400)] {
                #expect(try await browser.get(authorizePath(client, ["redirect_uri": uri])).status == status)
            }
        }
    }
}
