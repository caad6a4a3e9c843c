import CanonicalJSON
import ClientGateway
import Crypto
import Foundation
import Identifiers
import Testing

/// What the server says of itself and its surroundings.
@Suite struct DiscoveryTests {
    @Test func whomPeopleTurnToIsSaid() async throws {
        var options = Gateway.Options()
        options.support = SupportInformation(
            contacts: [
                .init(role: "m.role.admin", email: "a@test.example", matrixID: UserID("@root:test.example")),
                .init(role: "m.role.security", email: "s@test.example", matrixID: nil),
            ], page: "https://test.example/help")
        options.policyServerKey = "6yhHGKhCiXTSEN2ksjV7kX/N6rBQZ3Xb+M7LlC6NS+s"
        try await Gateway.with(options) { gateway, _ in
            let support = try await gateway.call("GET", "/.well-known/matrix/support")
            #expect(
                support.body == [
                    "contacts": [
                        ["role": "m.role.admin", "email_address": "a@test.example", "matrix_id": "@root:test.example"],
                        ["role": "m.role.security", "email_address": "s@test.example"],
                    ], "support_page": "https://test.example/help",
                ])
            let policy = try await gateway.call("GET", "/.well-known/matrix/policy_server")
            #expect(policy.body == ["public_keys": ["ed25519": "6yhHGKhCiXTSEN2ksjV7kX/N6rBQZ3Xb+M7LlC6NS+s"]])
        }
    }

    @Test func callsAreTakenThroughFirewalls() async throws {
        var options = Gateway.Options()
        options.turn = TurnServers(
            uris: ["turn:turn.example:3478?transport=udp"], sharedSecret: Array("north".utf8), lifetimeSeconds: 600)
        try await Gateway.with(options) { gateway, _ in
            let anna = try await gateway.register("anna")
            let before = Int64(Date().timeIntervalSince1970)
            let answer = try await gateway.call("GET", "/_matrix/client/v3/voip/turnServer", token: anna.token)
            #expect(answer.body["uris"] == ["turn:turn.example:3478?transport=udp"])
            #expect(answer.body["ttl"] == 600)
            let name = try #require(answer.body["username"]?.stringValue)
            let end = try #require(name.split(separator: ":").first.flatMap { Int64($0) })
            #expect((before + 600...before + 620).contains(end))
            #expect(name == "\(end):@anna:test.example")
            // As a TURN server works it out.
            let code = HMAC<Insecure.SHA1>.authenticationCode(
                for: Data(name.utf8), using: SymmetricKey(data: Data("north".utf8)))
            #expect(answer.body["password"] == .string(Data(code).base64EncodedString()))
        }
    }

    @Test func whatCarriesCallsIsSaidToWhoIsLoggedInAndBefore() async throws {
        let path = "/_matrix/client/unstable/org.matrix.msc4143/rtc/transports"
        var options = Gateway.Options()
        options.rtcTransports = [RTCTransport(liveKitServiceURL: "https://rtc.test.example/livekit/jwt")]
        let carrier: JSONValue = ["type": "livekit", "livekit_service_url": "https://rtc.test.example/livekit/jwt"]
        try await Gateway.with(options) { gateway, _ in
            let anna = try await gateway.register("anna")
            #expect(try await gateway.call("GET", path, token: anna.token).body == ["rtc_transports": [carrier]])
            let known = try await gateway.call("GET", "/.well-known/matrix/client")
            #expect(known.body["org.matrix.msc4143.rtc_foci"] == [carrier])
            let versions = try await gateway.call("GET", "/_matrix/client/versions")
            #expect(versions.body["unstable_features"]?["org.matrix.msc4143"] == true)
        }
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            #expect(try await gateway.call("GET", path, token: anna.token).body == ["rtc_transports": []])
            #expect(
                try await gateway.call("GET", "/.well-known/matrix/client").body["org.matrix.msc4143.rtc_foci"] == nil)
            let versions = try await gateway.call("GET", "/_matrix/client/versions").body
            #expect(versions["unstable_features"]?["org.matrix.msc4143"] == nil)
            #expect(versions["unstable_features"]?["org.matrix.msc4140"] == true)
            #expect(versions["versions"]?.arrayValue?.last == "v1.19")
        }
    }

    @Test(arguments: [
        ("https://id.example", true), ("https://id.example/realms/a/", true), ("http://localhost:8080/a", true),
        ("http://id.example", false), ("https://id.example/?a", false), ("id.example", false), ("https:/id", false),
    ])
    func anIdentityProviderIsKnownByItsCertificate(text: String, isTaken: Bool) {
        #expect((UpstreamProvider.issuer(text) != nil) == isTaken)
    }
}
