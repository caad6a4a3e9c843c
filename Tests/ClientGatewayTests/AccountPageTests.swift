import CanonicalJSON
import ClientGateway
import Foundation
import Identifiers
import Postgres
import Testing

/// The pages on which people look after their accounts.
@Suite struct AccountPageTests {
    private func login(_ gateway: Gateway, _ name: String, _ password: String) async throws -> Int {
        try await gateway.call(
            "POST", "/_matrix/client/v3/login",
            json: ["type": "m.login.password", "user": .string(name), "password": .string(password)]
        ).status
    }

    private func open(_ gateway: Gateway, _ path: String = "/oauth2/account") async throws -> (Browser, Browser.Page) {
        let browser = Browser(gateway)
        let redirected = try await browser.logIn(try await browser.get(path))
        #expect(redirected.location == path)
        return (browser, try await browser.get(path))
    }

    @Test func aPersonLooksAfterTheirAccount() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let (browser, page) = try await open(gateway)
            #expect(page.text.contains(anna.device.rawValue))
            let named = try await browser.submit(
                page, "/oauth2/account/profile", [("displayname", "Ann <script>")])
            #expect(named.status == 200)
            let again = try await browser.get("/oauth2/account")
            #expect(again.text.contains("Ann &lt;script&gt;"))
            #expect(!again.text.contains("<script>"))

            let device = try await browser.get(
                "/oauth2/account?action=org.matrix.device_delete&device_id=\(anna.device)")
            #expect(try await browser.submit(device, "/oauth2/account/device").status == 200)
            let list = try await gateway.database.query("SELECT FROM device")
            #expect(list.isEmpty)
            #expect(
                try await browser.get("/oauth2/account?action=org.matrix.device_view&device_id=NONE").status == 404)

            let wrong = try await browser.submit(
                page, "/oauth2/account/password", [("old", "guess"), ("new", "better")])
            #expect(wrong.status == 400)
            let changed = try await browser.submit(
                page, "/oauth2/account/password", [("old", "secret"), ("new", "better")])
            #expect(changed.status == 200)
            #expect(try await login(gateway, "anna", "better") == 200)
            #expect(try await browser.get("/oauth2/account").text.contains("Your account"))

            let out = try await browser.submit(page, "/oauth2/logout")
            #expect(out.status == 303)
            #expect(try await browser.get("/oauth2/account").text.contains("action=\"/oauth2/login\""))
        }
    }

    @Test func anAccountIsEndedOnItsPage() async throws {
        try await Gateway.with { gateway, _ in
            _ = try await gateway.register("anna")
            let path = "/oauth2/account?action=org.matrix.account_deactivate"
            let (browser, page) = try await open(gateway, path)
            let wrong = try await browser.submit(page, "/oauth2/account/deactivate", [("password", "guess")])
            #expect(wrong.status == 403)
            let done = try await browser.submit(
                page, "/oauth2/account/deactivate", [("password", "secret"), ("erase", "yes")])
            #expect(done.status == 200)
            #expect(try await login(gateway, "anna", "secret") == 403)
            #expect(try await browser.get("/oauth2/account").text.contains("action=\"/oauth2/login\""))
            let rows = try await gateway.database.query("SELECT erased_at_ms FROM account")
            #expect(try rows.first?.optionalInt64("erased_at_ms") != nil)
        }
    }

    @Test func anAccountIsMadeOnAPage() async throws {
        var options = Gateway.Options()
        options.terms = TermsPolicy(url: "https://test.example/terms", version: "1", name: "The terms")
        try await Gateway.with(options) { gateway, _ in
            let browser = Browser(gateway)
            let page = try await browser.get("/oauth2/signup")
            #expect(page.text.contains("https://test.example/terms"))
            let wrong: [[(name: String, value: String)]] = [
                [("name", "anna"), ("password", "a"), ("again", "b"), ("terms", "yes")],
                [("name", "a b"), ("password", "a"), ("again", "a"), ("terms", "yes")],
                [("name", "anna"), ("password", "a"), ("again", "a")],
                [("name", "anna"), ("password", ""), ("again", ""), ("terms", "yes")],
            ]
            for typed in wrong {
                #expect(try await browser.submit(page, "/oauth2/signup", typed).status == 400)
            }
            let typed: [(name: String, value: String)] = [
                ("name", "anna"), ("password", "secret"), ("again", "secret"), ("terms", "yes"),
            ]
            let made = try await browser.submit(page, "/oauth2/signup", typed)
            #expect(made.status == 303, "\(made.text)")
            #expect(try await browser.get("/oauth2/account").text.contains("@anna:test.example"))
            #expect(try await login(gateway, "anna", "secret") == 200)
            let again = try await browser.get("/oauth2/signup")
            #expect(try await browser.submit(again, "/oauth2/signup", typed).status == 400)
        }
    }

    @Test func whereRegistrationIsClosedNoPageMakesAnAccount() async throws {
        var options = Gateway.Options()
        options.registration = .closed
        try await Gateway.with(options) { gateway, _ in
            #expect(try await gateway.page("GET", "/oauth2/signup").status == 403)
            #expect(try await gateway.page("POST", "/oauth2/signup", form: "").status == 403)
            let metadata = try await gateway.call("GET", "/_matrix/client/v1/auth_metadata")
            #expect(metadata.body["prompt_values_supported"] == nil)
        }
    }

    @Test func aNewIdentityIsAllowedOnThePage() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let auth = try Gateway.interactiveAuth(gateway.database)
            let challenge = try await auth.challenge(anna.user, session: nil)
            let url = try #require(challenge["params"]?["m.oauth"]?["url"]?.stringValue)
            #expect(challenge["flows"] == [["stages": ["m.oauth"]]])
            let session = try #require(challenge["session"]?.stringValue)
            let path = String(try #require(url.range(of: "/oauth2").map { url[$0.lowerBound...] }))
            let (browser, page) = try await open(gateway, path)
            // Nothing is allowed before the button is pressed.
            #expect(try await auth.challenge(anna.user, session: session)["flows"] != nil)
            let allowed = try await browser.submit(page, "/oauth2/account/reset")
            #expect(allowed.status == 200, "\(allowed.text)")
            #expect(try await auth.challenge(anna.user, session: session).isEmpty)
            // Once.
            #expect(try await auth.challenge(anna.user, session: session)["flows"] != nil)
            var fields = try page.fields(of: "/oauth2/account/reset")
            for index in fields.indices where fields[index].name == "session" { fields[index].value = "00" }
            #expect(try await browser.post("/oauth2/account/reset", fields).status == 400)
        }
    }

    @Test func aNewPasswordEndsEveryOtherLogin() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let (browser, _) = try await open(gateway)
            let auth: JSONValue = ["type": "m.login.password", "user": "anna", "password": "secret"]
            let token = try await gateway.call(
                "POST", "/_matrix/client/v1/login/get_token", json: ["auth": auth], token: anna.token)
            let login = try #require(token.body["login_token"])
            let changed = try await gateway.call(
                "POST", "/_matrix/client/v3/account/password", json: ["auth": auth, "new_password": "better"],
                token: anna.token)
            #expect(changed.status == 200, "\(changed.body)")
            #expect(try await browser.get("/oauth2/account").text.contains("action=\"/oauth2/login\""))
            let late = try await gateway.call(
                "POST", "/_matrix/client/v3/login", json: ["type": "m.login.token", "token": login])
            #expect(late.errcode == "M_FORBIDDEN")
        }
    }

    /// Whoever can plant a cookie still cannot know what the forms of somebody who is logged in carry.
    @Test func aFormOfBeforeTheLoginIsNoneOfAfter() async throws {
        try await Gateway.with { gateway, _ in
            _ = try await gateway.register("anna")
            let browser = Browser(gateway)
            let login = try await browser.get("/oauth2/login")
            let early = try #require(try login.fields(of: "/oauth2/login").first { $0.name == "form_token" })
            _ = try await browser.logIn(login)
            let planted = try await browser.post("/oauth2/account/profile", [early, ("displayname", "x")])
            #expect(planted.status == 403)
            #expect(browser.cookies.keys.allSatisfy { $0.hasPrefix("__Host-") })
            let page = try await browser.get("/oauth2/account")
            #expect(try await browser.submit(page, "/oauth2/account/profile", [("displayname", "x")]).status == 200)
        }
    }

    @Test func thePagesCanBeReadByEverybody() async throws {
        try await Gateway.with { gateway, _ in
            _ = try await gateway.register("anna")
            let (browser, overview) = try await open(gateway)
            var pages = [overview]
            for path in ["/oauth2/login", "/oauth2/signup", "/oauth2/link"] {
                pages.append(try await browser.get(path))
            }
            for page in pages {
                #expect(page.head.header("content-type") == "text/html; charset=utf-8")
                #expect(page.text.contains("<html lang=\"en\">"))
                #expect(page.text.matches(of: /<h1>/).count == 1)
                // Each field that is typed into has a label.
                for input in page.text.matches(of: /<input type="(?:text|password|checkbox)" id="([^"]+)"/) {
                    #expect(page.text.contains("<label for=\"\(input.1)\""), "\(input.1)")
                }
            }
        }
    }
}
