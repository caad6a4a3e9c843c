import CanonicalJSON
import ClientGateway
import Identifiers
import Postgres
import Storage
import TestSupport
import Testing

/// User-interactive authentication over several stages, requests and workers.
@Suite struct InteractiveAuthTests {
    private let path = "/_matrix/client/v3/register"
    private let body: JSONObject = ["username": "anna", "password": "secret"]

    /// A server that asks for a token and agreement to its terms.
    private var options: Gateway.Options {
        var options = Gateway.Options()
        options.registration = .token
        options.terms = TermsPolicy(url: "https://test.example/terms", version: "3", name: "Terms")
        return options
    }

    private func tokenStage(_ session: JSONValue?) -> JSONObject {
        var auth: JSONObject = ["type": "m.login.registration_token", "token": "come in"]
        auth["session"] = session
        return auth
    }

    private func register(_ gateway: Gateway, _ auth: JSONObject?) async throws -> Gateway.Answer {
        var body = body
        body["auth"] = auth.map(JSONValue.object)
        return try await gateway.call("POST", path, json: body)
    }

    private func with(_ run: (Gateway) async throws -> Void) async throws {
        try await Gateway.with(options) { gateway, _ in
            let tokens = RegistrationTokenStore(database: gateway.database)
            _ = try await tokens.insert("come in", usesAllowed: 1, expiresAt: nil)
            try await run(gateway)
        }
    }

    @Test func completedStagesAreKeptUntilAllAreDone() async throws {
        try await with { gateway in
            let challenge = try await register(gateway, nil)
            #expect(challenge.status == 401)
            #expect(
                challenge.body["flows"] == [["stages": ["m.login.registration_token", "m.login.terms"]]])
            #expect(challenge.body["completed"] == [])
            let policy = challenge.body["params"]?["m.login.terms"]?["policies"]?["terms_of_service"]
            #expect(policy?["version"] == "3")
            #expect(policy?["en"]?["url"] == "https://test.example/terms")
            let session = challenge.body["session"]

            let first = try await register(gateway, tokenStage(session))
            #expect(first.status == 401)
            #expect(first.errcode == nil)
            #expect(first.body["completed"] == ["m.login.registration_token"])
            #expect(first.body["session"] == session)

            // A stage that fails takes nothing away.
            var wrong = tokenStage(session)
            wrong["token"] = "wrong"
            let failed = try await register(gateway, wrong)
            #expect(failed.status == 401)
            #expect(failed.errcode == "M_UNAUTHORIZED")
            #expect(failed.body["completed"] == ["m.login.registration_token"])

            // Another worker takes it from there.
            try await Gateway.serving(options, gateway.database, RecordingWriter()) { other in
                var terms: JSONObject = ["type": "m.login.terms"]
                terms["session"] = session
                let done = try await register(other, terms)
                #expect(done.status == 200)
                #expect(done.body["user_id"] == "@anna:test.example")
            }
            #expect(try await gateway.database.query("SELECT FROM uia_stage").isEmpty)
        }
    }

    @Test func aSessionEndsWithItsOperationAndInTime() async throws {
        try await with { gateway in
            let first = try await register(gateway, tokenStage(nil))
            let session = try #require(first.body["session"])
            #expect(first.body["completed"] == ["m.login.registration_token"])
            let terms: JSONObject = ["type": "m.login.terms", "session": session]
            try await gateway.database.query("UPDATE uia_stage SET expires_at_ms = 1")
            let late = try await register(gateway, terms)
            #expect(late.status == 401)
            #expect(late.body["completed"] == ["m.login.terms"])
            // The stage is done again, and that completes the flow.
            #expect(try await register(gateway, tokenStage(session)).status == 200)
            // What was proven for one account makes no second one.
            var second = body
            second["username"] = "bert"
            second["auth"] = .object(["session": session])
            let again = try await gateway.call("POST", path, json: second)
            #expect(again.status == 401)
            #expect(again.body["completed"] == [])
        }
    }

    @Test func aSessionOfSomethingElseCountsForNothing() async throws {
        try await with { gateway in
            let first = try await register(gateway, tokenStage(nil))
            let session = try #require(first.body["session"]?.stringValue)
            for odd in [
                "", "x", String(session.dropLast()) + (session.hasSuffix("0") ? "1" : "0"), String(session.reversed()),
            ] {
                let answer = try await register(gateway, ["type": "m.login.terms", "session": .string(odd)])
                #expect(answer.status == 401)
                #expect(answer.body["completed"] == [])
                #expect(answer.body["session"] != .string(odd))
            }
        }
    }
}
