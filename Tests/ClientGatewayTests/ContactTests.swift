import CanonicalJSON
import ClientGateway
import Identifiers
import OutboundHTTP
import Postgres
import TestSupport
import Testing
import WorkerContracts

/// Email addresses: shown to be somebody's, added, used to log in and to set a new password.
@Suite struct ContactTests {
    private static let v3 = "/_matrix/client/v3"

    private func with(_ run: (Gateway, MailTrap) async throws -> Void) async throws {
        try await MailTrap.with { trap in
            var options = Gateway.Options()
            options.email = EmailSettings(
                server: MailServer(host: "127.0.0.1", port: trap.port, security: .none, helloName: "test.example"),
                sender: try #require(EmailAddress("noreply@test.example")), senderName: "Test")
            try await Gateway.with(options) { gateway, _ in try await run(gateway, trap) }
        }
    }

    private func ask(
        _ gateway: Gateway, _ path: String, _ email: String, attempt: Int64 = 1, secret: String = "s3cret",
        next: String? = nil
    ) async throws -> Gateway.Answer {
        var body: JSONObject = [
            "client_secret": .string(secret), "email": .string(email), "send_attempt": .int(attempt),
        ]
        body["next_link"] = next.map(JSONValue.string)
        return try await gateway.call("POST", "\(Self.v3)/\(path)/email/requestToken", json: body)
    }

    /// The path and query of the link in a mail.
    private func link(_ mail: MailTrap.Mail?) throws -> String {
        let line = try #require(mail?.body.split(separator: "\n").first { $0.hasPrefix("https://") })
        return String(try #require(line.firstRange(of: "/_matrix").map { line[$0.lowerBound...] }))
    }

    /// Opens the link and presses the button.
    private func confirm(_ gateway: Gateway, _ link: String) async throws -> String {
        let page = try await gateway.page("GET", link)
        #expect(page.status == 200)
        #expect(page.text.contains("<button"))
        let query = String(try #require(link.split(separator: "?").last))
        let done = try await gateway.page(
            "POST", String(try #require(link.split(separator: "?").first)), form: query)
        #expect(done.status == 200, "\(done.text)")
        return done.text
    }

    private func credentials(_ sid: JSONValue, secret: String = "s3cret") -> JSONObject {
        ["sid": sid, "client_secret": .string(secret)]
    }

    private let password: JSONValue = ["type": "m.login.password", "user": "anna", "password": "secret"]

    @Test func anAddressIsAddedOnceItIsShownToBeTheirs() async throws {
        try await with { gateway, trap in
            let anna = try await gateway.register("anna")
            let bert = try await gateway.register("bert")
            let asked = try await ask(gateway, "account/3pid", "Anna@Else.Where")
            #expect(asked.status == 200, "\(asked.body)")
            let sid = try #require(asked.body["sid"])
            #expect(trap.mails.count == 1)
            #expect(trap.mails.first?.recipients == ["anna@else.where"])
            // The same attempt sends nothing more, a later one does, and each names one session.
            #expect(try await ask(gateway, "account/3pid", "anna@else.where").body["sid"] == sid)
            #expect(trap.mails.count == 1)
            let later = try await ask(
                gateway, "account/3pid", "anna@else.where", attempt: 2, next: "https://app.example/?a=1&b=2")
            #expect(later.body["sid"] == sid)
            #expect(trap.mails.count == 2)

            func add(_ auth: JSONValue?, secret: String = "s3cret") async throws -> Gateway.Answer {
                var body = credentials(sid, secret: secret)
                body["auth"] = auth
                return try await gateway.call("POST", "\(Self.v3)/account/3pid/add", json: body, token: anna.token)
            }
            #expect(try await add(nil).status == 401)
            #expect(try await add(password).errcode == "M_THREEPID_AUTH_FAILED")
            // The first mail's token went with the second mail.
            let old = try await gateway.page(
                "POST", "/_matrix/client/unstable/apus/email/validate",
                form: String(try #require(try link(trap.mails.first).split(separator: "?").last)))
            #expect(old.status == 400)
            // Looking at the page confirms nothing.
            _ = try await gateway.page("GET", try link(trap.mails.last))
            #expect(try await add(password).errcode == "M_THREEPID_AUTH_FAILED")
            let page = try await confirm(gateway, try link(trap.mails.last))
            #expect(page.contains("href=\"https://app.example/?a=1&amp;b=2\""))
            #expect(try await add(password, secret: "other").errcode == "M_THREEPID_AUTH_FAILED")
            #expect(try await add(password).status == 200)
            // What was shown has been used.
            #expect(try await add(password).errcode == "M_THREEPID_AUTH_FAILED")

            let list = try await gateway.call("GET", "\(Self.v3)/account/3pid", token: anna.token)
            let contact = list.body["threepids"]?.arrayValue?.first
            #expect(contact?["medium"] == "email")
            #expect(contact?["address"] == "anna@else.where")
            #expect(contact?["added_at"]?.intValue ?? 0 >= contact?["validated_at"]?.intValue ?? 1)
            #expect(
                try await gateway.call("GET", "\(Self.v3)/account/3pid", token: bert.token).body == ["threepids": []])
            #expect(try await ask(gateway, "account/3pid", "anna@else.where").errcode == "M_THREEPID_IN_USE")
            #expect(try await ask(gateway, "register", "anna@else.where").errcode == "M_THREEPID_IN_USE")

            let login = try await gateway.call(
                "POST", "\(Self.v3)/login",
                json: [
                    "type": "m.login.password", "password": "secret",
                    "identifier": ["type": "m.id.thirdparty", "medium": "email", "address": "ANNA@else.where"],
                ])
            #expect(login.body["user_id"] == .string(anna.user.rawValue))

            let theirs = try await gateway.call(
                "POST", "\(Self.v3)/account/3pid/delete", json: ["medium": "email", "address": "anna@else.where"],
                token: bert.token)
            #expect(theirs.body == ["id_server_unbind_result": "no-support"])
            let kept = try await gateway.call("GET", "\(Self.v3)/account/3pid", token: anna.token)
            #expect(kept.body["threepids"]?.arrayValue?.count == 1)
            _ = try await gateway.call(
                "POST", "\(Self.v3)/account/3pid/delete", json: ["medium": "email", "address": "anna@else.where"],
                token: anna.token)
            let gone = try await gateway.call("GET", "\(Self.v3)/account/3pid", token: anna.token)
            #expect(gone.body == ["threepids": []])
        }
    }

    @Test func theOlderFormAddsToo() async throws {
        try await with { gateway, trap in
            let anna = try await gateway.register("anna")
            let sid = try #require(try await ask(gateway, "account/3pid", "a@b.c").body["sid"])
            _ = try await confirm(gateway, try link(trap.mails.last))
            let added = try await gateway.call(
                "POST", "\(Self.v3)/account/3pid",
                json: ["three_pid_creds": .object(credentials(sid)), "auth": password], token: anna.token)
            #expect(added.status == 200, "\(added.body)")
        }
    }

    @Test func whoForgotThePasswordSetsANewOne() async throws {
        try await with { gateway, trap in
            let anna = try await gateway.register("anna")
            try await gateway.database.query(
                "INSERT INTO third_party_id VALUES ('email', 'anna@else.where', $1, 1, 1)", anna.user.rawValue)
            #expect(try await ask(gateway, "account/password", "nobody@b.c").errcode == "M_THREEPID_NOT_FOUND")
            let sid = try #require(try await ask(gateway, "account/password", "anna@else.where").body["sid"])
            let path = "\(Self.v3)/account/password"
            let challenge = try await gateway.call("POST", path, json: ["new_password": "better"])
            #expect(challenge.status == 401)
            #expect(challenge.body["flows"] == [["stages": ["m.login.email.identity"]]])
            let body: JSONObject = [
                "new_password": "better",
                "auth": [
                    "type": "m.login.email.identity", "session": try #require(challenge.body["session"]),
                    "threepid_creds": .object(credentials(sid)),
                ],
            ]
            let early = try await gateway.call("POST", path, json: body)
            #expect(early.status == 401)
            #expect(early.errcode == "M_UNAUTHORIZED")
            _ = try await confirm(gateway, try link(trap.mails.last))
            #expect(try await gateway.call("POST", path, json: body).status == 200)
            #expect(try await gateway.call("POST", path, json: body).errcode == "M_UNAUTHORIZED")
            let login = try await gateway.call(
                "POST", "\(Self.v3)/login", json: ["type": "m.login.password", "user": "anna", "password": "better"])
            #expect(login.status == 200)
            // What was validated to add an address sets no password.
            let other = try #require(try await ask(gateway, "account/3pid", "x@y.z").body["sid"])
            _ = try await confirm(gateway, try link(trap.mails.last))
            var wrong = body
            wrong["auth"] = [
                "type": "m.login.email.identity", "threepid_creds": .object(credentials(other)),
            ]
            #expect(try await gateway.call("POST", path, json: wrong).errcode == "M_UNAUTHORIZED")
        }
    }

    @Test func oneMayRegisterWithAnAddress() async throws {
        try await with { gateway, trap in
            let body: JSONObject = ["username": "anna", "password": "secret"]
            let challenge = try await gateway.call("POST", "\(Self.v3)/register", json: body)
            #expect(
                challenge.body["flows"] == [
                    ["stages": ["m.login.dummy"]], ["stages": ["m.login.email.identity"]],
                ])
            let sid = try #require(try await ask(gateway, "register", "anna@else.where").body["sid"])
            _ = try await confirm(gateway, try link(trap.mails.last))
            var request = body
            request["auth"] = [
                "type": "m.login.email.identity", "session": try #require(challenge.body["session"]),
                "threepid_creds": .object(credentials(sid)),
            ]
            let made = try await gateway.call("POST", "\(Self.v3)/register", json: request)
            #expect(made.status == 200, "\(made.body)")
            let list = try await gateway.call(
                "GET", "\(Self.v3)/account/3pid", token: try Gateway.session(made).token)
            #expect(list.body["threepids"]?.arrayValue?.first?["address"] == "anna@else.where")
        }
    }

    @Test func aMailThatCouldNotBeSentIsSentWhenAskedAgain() async throws {
        try await with { gateway, trap in
            trap.refuse(with: "451 later")
            let failed = try await ask(gateway, "register", "a@b.c")
            #expect(failed.status == 503)
            trap.refuse(with: nil)
            #expect(try await ask(gateway, "register", "a@b.c").status == 200)
            #expect(trap.mails.count == 1)
        }
    }

    @Test func withoutAMailServerNobodyHasAnAddress() async throws {
        try await Gateway.with { gateway, _ in
            for path in ["register", "account/3pid", "account/password"] {
                let email = try await ask(gateway, path, "a@b.c")
                #expect(email.errcode == "M_THREEPID_MEDIUM_NOT_SUPPORTED")
                let phone = try await gateway.call(
                    "POST", "\(Self.v3)/\(path)/msisdn/requestToken",
                    json: ["client_secret": "s", "country": "GB", "phone_number": "1", "send_attempt": 1])
                #expect(phone.errcode == "M_THREEPID_MEDIUM_NOT_SUPPORTED")
            }
            let anna = try await gateway.register("anna")
            let bind = try await gateway.call(
                "POST", "\(Self.v3)/account/3pid/bind",
                json: ["client_secret": "s", "sid": "s", "id_server": "a b", "id_access_token": "t"], token: anna.token)
            #expect(bind.errcode == "M_INVALID_PARAM")
            let unbind = try await gateway.call(
                "POST", "\(Self.v3)/account/3pid/unbind", json: ["medium": "email", "address": "a@b.c"],
                token: anna.token)
            #expect(unbind.body == ["id_server_unbind_result": "no-support"])
        }
    }

    @Test(arguments: [
        "a@b.c", "A.b+c@d-e.fr", "x_y@127.example", "\(String(repeating: "a", count: 64))@b.c",
    ])
    func anAddressIsTaken(text: String) { #expect(EmailAddress(text)?.text == text.lowercased()) }

    @Test(arguments: [
        "", "a", "@b.c", "a@", "a@b@c", "a b@c.d", "a@b..c", "a@-b.c", ".a@b.c", "a.@b.c", "a@b.c\r\nX: y", "ü@b.c",
        "a@bü.c", "<a@b.c>", "\(String(repeating: "a", count: 65))@b.c", "a@\(String(repeating: "b", count: 64)).c",
        "a,b@c.d",
    ])
    func whatIsNoAddressIsNot(text: String) { #expect(EmailAddress(text) == nil) }
}
