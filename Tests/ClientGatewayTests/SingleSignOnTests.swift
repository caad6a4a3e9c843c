import CanonicalJSON
import ClientGateway
import ClusterConfiguration
import Foundation
import Identifiers
import Postgres
import Testing

/// Logging in on the server's pages, by password or by an identity provider, for clients that know single sign-on only.
@Suite struct SingleSignOnTests {
    private static let v3 = "/_matrix/client/v3"
    private static let app = "https://app.example/?x=y&loginToken=old"
    private static let redirect = "\(v3)/login/sso/redirect?redirectUrl=\(Browser.encoded(app))"

    private func options(
        _ provider: IdentityProvider, makesAccounts: Bool = true, terms: TermsPolicy? = nil
    ) -> Gateway.Options {
        var options = Gateway.Options()
        options.terms = terms
        options.provider = UpstreamProvider(
            issuer: provider.url, clientID: IdentityProvider.clientID, clientSecret: IdentityProvider.clientSecret,
            name: "The <Company>", scopes: "openid profile", usernameClaim: "preferred_username",
            makesAccounts: makesAccounts)
        return options
    }

    /// Presses the button of the page that asks, and logs in by the token it leads to.
    private func logIn(_ browser: Browser, _ page: Browser.Page) async throws -> Gateway.Answer {
        #expect(page.text.contains("https://app.example"))
        let allowed = try await browser.submit(page, "/oauth2/sso")
        let location = try #require(allowed.location)
        let start = "https://app.example/?x=y&loginToken="
        #expect(location.hasPrefix(start), "\(location)")
        return try await browser.gateway.call(
            "POST", "\(Self.v3)/login",
            json: ["type": "m.login.token", "token": .string(String(location.dropFirst(start.count)))])
    }

    @Test func aPersonLogsInOnThePagesAndTheClientGetsAToken() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let flows = try await gateway.call("GET", "\(Self.v3)/login").body["flows"]?.arrayValue ?? []
            let sso = try #require(flows.first { $0["type"] == "m.login.sso" })
            #expect(sso["oauth_aware_preferred"] == true)
            #expect(sso["identity_providers"] == nil)

            let browser = Browser(gateway)
            let redirected = try await browser.get(Self.redirect)
            #expect(redirected.status == 302)
            let login = try await browser.get(try #require(redirected.location))
            let onwards = try await browser.logIn(login)
            let page = try await browser.get(try #require(onwards.location))
            #expect(page.text.contains(anna.user.rawValue))
            #expect(page.head.header("content-security-policy")?.contains("https://app.example") == true)
            #expect(try await logIn(browser, page).body["user_id"] == .string(anna.user.rawValue))
            // Nothing is given out to who did not see the page.
            var fields = try page.fields(of: "/oauth2/sso")
            for index in fields.indices where fields[index].name == "form_token" { fields[index].value = "00" }
            #expect(try await browser.post("/oauth2/sso", fields).status == 403)
            let register = try await Browser(gateway).get("/oauth2/sso?action=register&redirectUrl=app%3A%2F%2Flogin")
            #expect(register.text.contains("action=\"/oauth2/signup\""))
        }
    }

    @Test(arguments: [
        "javascript:alert(1)", "JavaScript://x/%0aalert(1)", "data:text/html,x", "http://app.example/", "https:/x",
        "//x", "",
        "https://app.example\\@evil.example/", "https://a@evil.example/",
    ])
    func aTokenIsSentToNoOddAddress(text: String) async throws {
        try await Gateway.with { gateway, _ in
            let browser = Browser(gateway)
            let query = "redirectUrl=\(Browser.encoded(text))"
            for path in ["\(Self.v3)/login/sso/redirect?\(query)", "/oauth2/sso?\(query)"] {
                let answer = try await browser.get(path)
                #expect(answer.status == 400)
                #expect(answer.location == nil)
            }
        }
    }

    @Test func aPersonComesFromTheProvider() async throws {
        try await IdentityProvider.with { provider in
            try await Gateway.with(options(provider)) { gateway, _ in
                let flows = try await gateway.call("GET", "\(Self.v3)/login").body["flows"]?.arrayValue ?? []
                let sso = try #require(flows.first { $0["type"] == "m.login.sso" })
                #expect(sso["identity_providers"] == [["id": "oidc", "name": "The <Company>"]])
                let claims: JSONObject = ["sub": "1234", "preferred_username": "Anna", "name": "A"]
                for _ in 0..<2 {
                    let browser = Browser(gateway)
                    let redirected = try await browser.get(
                        Self.redirect.replacingOccurrences(of: "redirect?", with: "redirect/oidc?"))
                    #expect(redirected.status == 302)
                    let away = try await browser.get(try #require(redirected.location))
                    let back = try provider.logIn(at: try #require(away.location), claims)
                    let onwards = try await browser.get(back)
                    #expect(onwards.status == 303, "\(onwards.text)")
                    let page = try await browser.get(try #require(onwards.location))
                    #expect(try await logIn(browser, page).body["user_id"] == "@anna:test.example")
                    // A code, and a login that was begun, are good once.
                    #expect(try await browser.get(back).status == 403)
                }
                let unknown = try await Browser(gateway).get(
                    Self.redirect.replacingOccurrences(of: "redirect?", with: "redirect/other?"))
                #expect(unknown.status == 404)
                // Nobody has a password who has none.
                let guess = try await gateway.call(
                    "POST", "\(Self.v3)/login", json: ["type": "m.login.password", "user": "anna", "password": ""])
                #expect(guess.errcode == "M_FORBIDDEN")
            }
        }
    }

    @Test func whoseNameIsTakenChoosesAnother() async throws {
        try await IdentityProvider.with { provider in
            let terms = TermsPolicy(url: "https://test.example/terms", version: "1", name: "The terms")
            for terms in [nil, terms] {
                try await Gateway.with(options(provider, terms: terms)) { gateway, _ in
                    try await gateway.database.query(
                        "INSERT INTO account (user_id, shard, created_at_ms) VALUES ('@anna:test.example', 0, 0)")
                    let browser = Browser(gateway)
                    let away = try await browser.get("/oauth2/upstream?to=/oauth2/account")
                    let claims: JSONObject = ["sub": "1", "preferred_username": "anna"]
                    let page = try await browser.get(try provider.logIn(at: try #require(away.location), claims))
                    #expect(page.status == (terms == nil ? 400 : 200))
                    #expect(page.text.contains("value=\"anna\""))
                    #expect(page.text.contains("The &lt;Company&gt;"))
                    let path = "/oauth2/upstream/signup"
                    let agreed = terms == nil ? [] : [("terms", "yes")]
                    #expect(try await browser.submit(page, path, [("name", "anna")] + agreed).status == 400)
                    if terms != nil { #expect(try await browser.submit(page, path, [("name", "b")]).status == 400) }
                    var forged = try page.fields(of: path) + [("name", "b")] + agreed
                    for index in forged.indices where forged[index].name == "subject" { forged[index].value = "2" }
                    #expect(try await browser.post(path, forged).status == 403)
                    let made = try await browser.submit(page, path, [("name", "b")] + agreed)
                    #expect(made.location == "/oauth2/account", "\(made.text)")
                    #expect(try await browser.get("/oauth2/account").text.contains("@b:test.example"))
                    // Sent again it is the same account.
                    #expect(try await browser.submit(page, path, [("name", "c")] + agreed).status == 403)
                    let rows = try await gateway.database.query("SELECT user_id FROM upstream_identity")
                    #expect(try rows.map { try $0.text("user_id") } == ["@b:test.example"])
                }
            }
        }
    }

    @Test func whatTheProviderSaysIsNotAlwaysBelieved() async throws {
        try await IdentityProvider.with { provider in
            try await Gateway.with(options(provider)) { gateway, _ in
                let wrong: [JSONObject] = [
                    ["iss": "https://evil.example"], ["aud": "another client"], ["aud": ["apus client", "another"]],
                    ["nonce": "another"], ["exp": 1], ["exp": "soon"], ["sub": ""], ["sub": 7], ["sub": "a\u{0}b"],
                    ["sub": .string(String(repeating: "x", count: 256))],
                ]
                for changes in wrong {
                    let browser = Browser(gateway)
                    let away = try await browser.get("/oauth2/upstream")
                    var claims: JSONObject = ["sub": "1", "preferred_username": "anna"]
                    for member in changes.members { claims[member.key] = member.value }
                    let back = try await browser.get(try provider.logIn(at: try #require(away.location), claims))
                    #expect(back.status == 403, "\(changes)")
                }
                #expect(try await gateway.database.query("SELECT FROM account").isEmpty)
                // Of several audiences this server is the one that asked.
                let browser = Browser(gateway)
                let away = try await browser.get("/oauth2/upstream")
                let claims: JSONObject = [
                    "sub": "1", "preferred_username": "anna", "aud": ["apus client", "another"], "azp": "apus client",
                ]
                #expect(
                    try await browser.get(try provider.logIn(at: try #require(away.location), claims)).status == 303)
            }
        }
    }

    @Test func aLoginOfAnotherBrowserIsNotFinishedHere() async throws {
        try await IdentityProvider.with { provider in
            try await Gateway.with(options(provider)) { gateway, _ in
                let attacker = Browser(gateway)
                let away = try await attacker.get("/oauth2/upstream")
                let back = try provider.logIn(at: try #require(away.location), ["sub": "1", "preferred_username": "a"])
                let victim = Browser(gateway)
                #expect(try await victim.get(back).status == 403)
                _ = try await victim.get("/oauth2/upstream")
                #expect(try await victim.get(back).status == 403)
                #expect(try await victim.get("/oauth2/account").text.contains("action=\"/oauth2/login\""))
                let refused = try await attacker.get(
                    "/oauth2/upstream/callback?error=access_denied&"
                        + (back.split(separator: "&").last.map(String.init) ?? ""))
                #expect(refused.status == 403)
                #expect(refused.text.contains("did not log you in"))
            }
        }
    }

    @Test func whereNoAccountsAreMadeAStrangerGetsNone() async throws {
        try await IdentityProvider.with { provider in
            try await Gateway.with(options(provider, makesAccounts: false)) { gateway, _ in
                let browser = Browser(gateway)
                let away = try await browser.get("/oauth2/upstream")
                let claims: JSONObject = ["sub": "1", "preferred_username": "anna"]
                #expect(
                    try await browser.get(try provider.logIn(at: try #require(away.location), claims)).status == 403)
                #expect(try await gateway.database.query("SELECT FROM account").isEmpty)
            }
        }
    }

    @Test func aProviderThatIsAwayIsSaidToBe() async throws {
        try await IdentityProvider.with { provider in
            try await Gateway.with(options(provider)) { gateway, _ in
                let browser = Browser(gateway)
                let away = try await browser.get("/oauth2/upstream")
                let back = try provider.logIn(at: try #require(away.location), ["sub": "1"])
                provider.goAway()
                let page = try await browser.get(back)
                #expect(page.status == 503)
                #expect(page.text.contains("cannot be reached"))
            }
        }
    }

    @Test func loginsByTheProviderAreLimitedToo() async throws {
        try await IdentityProvider.with { provider in
            var options = options(provider)
            options.rateLimits = [.loginAddress: RateLimit(perSecond: 0.001, burst: 1)]
            try await Gateway.with(options) { gateway, _ in
                for status in [403, 429] {
                    let browser = Browser(gateway)
                    let away = try await browser.get("/oauth2/upstream")
                    let back = try provider.logIn(at: try #require(away.location), ["sub": ""])
                    #expect(try await browser.get(back).status == status)
                }
            }
        }
    }

    /// Who has no password confirms on a page, as the client is told.
    @Test func whoHasNoPasswordConfirmsOnAPage() async throws {
        try await IdentityProvider.with { provider in
            try await Gateway.with(options(provider)) { gateway, _ in
                let browser = Browser(gateway)
                let redirected = try await browser.get(Self.redirect)
                let target = Browser.encoded(try #require(redirected.location))
                let away = try await browser.get("/oauth2/upstream?to=\(target)")
                let claims: JSONObject = ["sub": "1", "preferred_username": "anna"]
                let onwards = try await browser.get(try provider.logIn(at: try #require(away.location), claims))
                let page = try await browser.get(try #require(onwards.location))
                let anna = try Gateway.session(try await logIn(browser, page))

                let path = "\(Self.v3)/devices/\(anna.device)"
                let challenge = try await gateway.call("DELETE", path, "{}", token: anna.token)
                #expect(challenge.body["flows"] == [["stages": ["m.login.sso"]]])
                let session = try #require(challenge.body["session"]?.stringValue)
                func end() async throws -> Gateway.Answer {
                    try await gateway.call(
                        "DELETE", path, json: ["auth": ["session": .string(session)]], token: anna.token)
                }
                #expect(try await end().status == 401)
                let fallback = "\(Self.v3)/auth/m.login.sso/fallback/web"
                // Somebody else's confirmation is none.
                _ = try await gateway.register("bert")
                let stranger = Browser(gateway)
                let login = try await stranger.logIn(try await stranger.get("\(fallback)?session=\(session)"), "bert")
                let theirs = try await stranger.get(try #require(login.location))
                #expect(try await stranger.submit(theirs, fallback).status == 200)
                #expect(try await end().status == 401)

                let mine = try await browser.get("\(fallback)?session=\(session)")
                #expect(mine.text.contains("@anna:test.example"))
                let done = try await browser.submit(mine, fallback)
                #expect(done.text.contains("window.onAuthDone"))
                #expect(done.head.header("content-security-policy")?.contains("script-src 'sha256-") == true)
                #expect(try await end().status == 200)
            }
        }
    }

    @Test func stagesOfARegistrationAreCompletedOnPages() async throws {
        var options = Gateway.Options()
        options.registration = .token
        options.terms = TermsPolicy(url: "https://test.example/terms", version: "1", name: "The terms")
        try await Gateway.with(options) { gateway, _ in
            try await gateway.database.query("INSERT INTO registration_token (token) VALUES ('right')")
            let wish: JSONObject = ["username": "anna", "password": "secret"]
            let challenge = try await gateway.call("POST", "\(Self.v3)/register", json: wish)
            let session = try #require(challenge.body["session"]?.stringValue)
            let browser = Browser(gateway)
            func open(_ stage: String) async throws -> (String, Browser.Page) {
                let path = "\(Self.v3)/auth/\(stage)/fallback/web"
                return (path, try await browser.get("\(path)?session=\(session)"))
            }
            let (termsPath, terms) = try await open("m.login.terms")
            #expect(terms.text.contains("https://test.example/terms"))
            #expect(try await browser.submit(terms, termsPath).status == 200)
            let (tokenPath, token) = try await open("m.login.registration_token")
            #expect(try await browser.submit(token, tokenPath, [("token", "wrong")]).status == 403)
            #expect(try await browser.submit(token, tokenPath, [("token", "right")]).status == 200)
            var body = wish
            body["auth"] = ["session": .string(session)]
            let made = try await gateway.call("POST", "\(Self.v3)/register", json: body)
            #expect(made.status == 200, "\(made.body)")

            #expect(try await open("m.login.email.identity").1.status == 404)
            #expect(try await open("m.login.nothing").1.status == 404)
            #expect(try await browser.get("\(termsPath)?session=00").status == 400)
            #expect(try await browser.post(termsPath, [("session", session)]).status == 403)
        }
    }
}
