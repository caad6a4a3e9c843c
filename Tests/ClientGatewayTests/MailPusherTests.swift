import CanonicalJSON
import ClientGateway
import Identifiers
import OutboundHTTP
import TestSupport
import Testing
import WorkerContracts

/// Pushers that tell by mail: whose address it has to be, and how they end.
@Suite struct MailPusherTests {
    private static let v3 = "/_matrix/client/v3"

    private func with(_ run: (Gateway, Gateway.Session) async throws -> Void) async throws {
        var options = Gateway.Options()
        options.email = EmailSettings(
            server: MailServer(host: "127.0.0.1", port: 1, security: .none, helloName: "test.example"),
            sender: try #require(EmailAddress("noreply@test.example")), senderName: "Test")
        try await Gateway.with(options) { gateway, _ in
            let anna = try await gateway.register("anna")
            try await gateway.database.query(
                "INSERT INTO third_party_id VALUES ('email', 'anna@else.where', $1, 1, 1)", anna.user.rawValue)
            try await run(gateway, anna)
        }
    }

    private func set(
        _ gateway: Gateway, _ session: Gateway.Session, _ address: String = "Anna@else.where",
        _ data: JSONObject = ["brand": "Test"]
    ) async throws -> Gateway.Answer {
        try await gateway.call(
            "POST", "\(Self.v3)/pushers/set",
            json: [
                "app_id": "m.email", "pushkey": .string(address), "kind": "email", "app_display_name": "Mail",
                "device_display_name": "Mail", "lang": "en", "data": .object(data),
            ], token: session.token)
    }

    private func list(_ gateway: Gateway, _ session: Gateway.Session) async throws -> [JSONValue] {
        try await gateway.call("GET", "\(Self.v3)/pushers", token: session.token).body["pushers"]?.arrayValue ?? []
    }

    @Test func mailsGoToOnesOwnAddressOnly() async throws {
        try await with { gateway, anna in
            let bert = try await gateway.register("bert")
            #expect(try await set(gateway, bert).errcode == "M_THREEPID_NOT_FOUND")
            #expect(try await set(gateway, anna, "other@else.where").errcode == "M_THREEPID_NOT_FOUND")
            #expect(try await set(gateway, anna, "no address").errcode == "M_INVALID_PARAM")
            #expect(
                try await set(gateway, anna, "anna@else.where", ["format": "odd"]).errcode == "M_INVALID_PARAM")
            #expect(try await set(gateway, anna).status == 200)
            let listed = try await list(gateway, anna)
            #expect(listed.count == 1 && listed[0]["kind"] == "email" && listed[0]["pushkey"] == "Anna@else.where")
        }
    }

    @Test func theyEndWithTheAddress() async throws {
        try await with { gateway, anna in
            #expect(try await set(gateway, anna).status == 200)
            let gone = try await gateway.call(
                "POST", "\(Self.v3)/account/3pid/delete", json: ["medium": "email", "address": "anna@else.where"],
                token: anna.token)
            #expect(gone.status == 200)
            #expect(try await list(gateway, anna).isEmpty)
        }
    }

    @Test func theyEndByTheLinkInAMail() async throws {
        try await with { gateway, anna in
            #expect(try await set(gateway, anna).status == 200)
            let pusher = try await gateway.database.query("SELECT pusher_id FROM pusher")[0].int64("pusher_id")
            let link = UnsubscribeLinks(publicURL: "", secret: Array("cluster secret".utf8)).url(for: pusher)
            let page = try await gateway.page("GET", link)
            #expect(page.status == 200 && page.text.contains("<button"))
            let wrong = link.replacing("pusher=\(pusher)", with: "pusher=\(pusher + 1)")
            for other in [wrong, UnsubscribeLinks.path, "\(UnsubscribeLinks.path)?pusher=\(pusher)&code=1"] {
                #expect(try await gateway.page("GET", other).status == 400)
                #expect(try await gateway.page("POST", other, form: "").status == 400)
            }
            // Programs that only look at it have ended nothing.
            #expect(try await list(gateway, anna).count == 1)
            for _ in 0..<2 {
                #expect(try await gateway.page("POST", link, form: "List-Unsubscribe=One-Click").status == 200)
                #expect(try await list(gateway, anna).isEmpty)
            }
        }
    }
}
