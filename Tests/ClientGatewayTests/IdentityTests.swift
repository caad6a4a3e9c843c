import CanonicalJSON
import Identifiers
import Signing
import Testing

/// Identity servers: invites by addresses, and addresses that are bound there.
@Suite struct IdentityTests {
    private func with(_ body: @Sendable (IdentityServer, RoomScene) async throws -> Void) async throws {
        try await IdentityServer.with { identity in
            try await RoomScene.with { try await body(identity, $0) }
        }
    }

    private func wish(_ identity: IdentityServer, _ address: String, token: String = "token") -> JSONObject {
        [
            "id_server": .string(identity.address), "id_access_token": .string(token), "medium": "email",
            "address": .string(address),
        ]
    }

    private func proof(_ user: UserID, from inviter: UserID) throws -> JSONObject {
        let signed: JSONObject = [
            "mxid": .string(user.rawValue), "sender": .string(inviter.rawValue), "token": "abc",
        ]
        let server = try #require(ServerName("is.example"))
        return [
            "third_party_signed": .object(JSONSigning.sign(signed, as: server, with: try IdentityServer.key.get()))
        ]
    }

    @Test func aKnownAddressIsInvitedAsTheUserItIs() async throws {
        try await with { identity, scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna)
            identity.know("bert@else.where", as: bert.user.rawValue)
            let invited = try await scene.post("rooms/\(room)/invite", wish(identity, "Bert@Else.Where"), anna)
            #expect(invited.status == 200, "\(invited.body)")
            #expect(try await scene.state(room, "m.room.member", bert.user.rawValue, anna)["membership"] == "invite")
            #expect(identity.bodies("/store-invite").isEmpty)
        }
    }

    @Test func anUnknownAddressIsLeftAnInviteThatItsProofTakesUp() async throws {
        try await with { identity, scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna, ["preset": "private_chat", "name": "The room"])
            let invited = try await scene.post("rooms/\(room)/invite", wish(identity, "b@x.y"), anna)
            #expect(invited.status == 200, "\(invited.body)")
            let told = try #require(identity.bodies("/store-invite").first)
            #expect(told["room_name"] == "The room" && told["sender"] == .string(anna.user.rawValue))
            #expect(told["address"] == "b@x.y" && told["room_id"] == .string(room))
            let event = try await scene.state(room, "m.room.third_party_invite", "abc", anna)
            #expect(event["display_name"] == "b…@x" && event["public_keys"]?.arrayValue?.count == 2)
            #expect(event["key_validity_url"] == "https://is.example/valid")
            let joined = try await scene.post("rooms/\(room)/join", try proof(bert.user, from: anna.user), bert)
            #expect(joined.status == 200, "\(joined.body)")
        }
    }

    @Test func nobodyIsToldOfAnInviteByWhoMayNotInvite() async throws {
        try await with { identity, scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(
                anna, ["preset": "public_chat", "power_level_content_override": ["invite": 50]])
            let path = "rooms/\(room)/invite"
            #expect(try await scene.post(path, wish(identity, "x@y.z"), bert).errcode == "M_FORBIDDEN")
            try await scene.join(room, bert)
            #expect(try await scene.post(path, wish(identity, "x@y.z"), bert).errcode == "M_FORBIDDEN")
            #expect(identity.bodies("/store-invite").isEmpty && identity.bodies("/lookup").isEmpty)
        }
    }

    @Test func whatTheIdentityServerSaysReachesTheCallerAndLogsNobodyOut() async throws {
        try await with { identity, scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            let path = "rooms/\(room)/invite"
            let wrong = try await scene.post(path, wish(identity, "x@y.z", token: "wrong"), anna)
            #expect(wrong.status == 403 && wrong.errcode == "M_UNAUTHORIZED", "\(wrong.body)")
            let broken = try await scene.post(path, wish(identity, "x@y.z", token: "a\nb"), anna)
            #expect(broken.errcode == "M_INVALID_PARAM")
            identity.refuse(403, "M_TERMS_NOT_SIGNED")
            #expect(try await scene.post(path, wish(identity, "x@y.z"), anna).errcode == "M_TERMS_NOT_SIGNED")
            identity.goAway()
            let away = try await scene.post(path, wish(identity, "x@y.z"), anna)
            #expect(away.status == 503 && away.head.header("retry-after") != nil)
            #expect(try await scene.get("account/whoami", anna).status == 200)
        }
    }

    @Test func aNewRoomInvitesByAddressesToo() async throws {
        try await with { identity, scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            identity.know("bert@else.where", as: bert.user.rawValue)
            let wishes = [wish(identity, "bert@else.where"), wish(identity, "new@else.where")].map(JSONValue.object)
            let room = try await scene.createRoom(anna, ["invite_3pid": .array(wishes)])
            #expect(try await scene.state(room, "m.room.member", bert.user.rawValue, anna)["membership"] == "invite")
            #expect(try await scene.state(room, "m.room.third_party_invite", "abc", anna)["display_name"] != nil)
            #expect(identity.bodies("/lookup").count == 1)
            // A server that cannot be asked is found out before there is a room.
            identity.goAway()
            let none = try await scene.post("createRoom", ["invite_3pid": .array(wishes)], anna)
            #expect(none.status == 503)
            #expect(try await scene.get("joined_rooms", anna).body["joined_rooms"]?.arrayValue?.count == 1)
        }
    }

    @Test func anAddressIsBoundAndUnboundInTheNameOfThisServer() async throws {
        try await IdentityServer.with { identity in
            try await Gateway.with { gateway, _ in
                let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
                func post(_ path: String, _ body: JSONObject, _ session: Gateway.Session) async throws -> Gateway.Answer
                {
                    try await gateway.call(
                        "POST", "\(RoomScene.v3)/account/3pid/\(path)", json: body, token: session.token)
                }
                let address: JSONObject = ["medium": "email", "address": "anna@else.where"]
                #expect(try await post("unbind", address, anna).body == ["id_server_unbind_result": "no-support"])
                let bound = try await post(
                    "bind",
                    [
                        "client_secret": "s", "sid": "7", "id_server": .string(identity.address),
                        "id_access_token": "token",
                    ], anna)
                #expect(bound.status == 200, "\(bound.body)")
                #expect(identity.bodies("/3pid/bind").first?["mxid"] == .string(anna.user.rawValue))
                // What others have bound is not theirs to unbind.
                #expect(try await post("unbind", address, bert).body == ["id_server_unbind_result": "no-support"])
                #expect(try await post("unbind", address, anna).body == ["id_server_unbind_result": "success"])
                let asked = try #require(identity.bodies("/3pid/unbind").last)
                #expect(asked["threepid"]?["address"] == "anna@else.where")
                let covered = RequestSigning.covered(
                    "POST", "/_matrix/identity/v2/3pid/unbind", content: asked,
                    from: try #require(ServerName("test.example")), to: try #require(ServerName(identity.address)))
                let signature = UnpaddedBase64.encode(
                    try Gateway.signingKey().sign(JSONSigning.signedBytes(of: covered)))
                #expect(identity.authorization("/3pid/unbind")?.hasSuffix("sig=\"\(signature)\"") ?? false)
                #expect(try await post("delete", address, anna).body == ["id_server_unbind_result": "no-support"])
            }
        }
    }

    @Test func whoEndsTheirAccountIsForgottenWhereTheyWereBound() async throws {
        try await IdentityServer.with { identity in
            try await Gateway.with { gateway, _ in
                let anna = try await gateway.register("anna")
                _ = try await gateway.call(
                    "POST", "\(RoomScene.v3)/account/3pid/bind",
                    json: [
                        "client_secret": "s", "sid": "7", "id_server": .string(identity.address),
                        "id_access_token": "token",
                    ], token: anna.token)
                let ended = try await gateway.call(
                    "POST", "\(RoomScene.v3)/account/deactivate",
                    json: ["auth": ["type": "m.login.password", "user": "anna", "password": "secret"]],
                    token: anna.token)
                #expect(ended.body == ["id_server_unbind_result": "success"], "\(ended.body)")
                #expect(identity.bodies("/3pid/unbind").count == 1)
                #expect(try await gateway.database.query("SELECT FROM identity_binding").isEmpty)
            }
        }
    }
}
