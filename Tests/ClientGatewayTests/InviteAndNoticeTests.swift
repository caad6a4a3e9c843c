import CanonicalJSON
import ClientGateway
import Identifiers
import Signing
import Testing

/// Invites that are refused, invites by an address, and notices of the server.
@Suite struct InviteAndNoticeTests {
    private func block(_ scene: RoomScene, _ session: Gateway.Session, _ content: JSONObject) async throws {
        let path = "user/\(session.user)/account_data/m.invite_permission_config"
        #expect(try await scene.put(path, content, session).status == 200)
    }

    @Test func whoTakesNoInvitesIsNotInvited() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let target = bert.user.rawValue
            try await block(scene, bert, ["default_action": "block"])
            let room = try await scene.createRoom(anna, ["invite": [.string(target)]])
            let member = "rooms/\(room)/state/m.room.member/\(target)"
            #expect(try await scene.get(member, anna).status == 404)
            let invite = try await scene.post("rooms/\(room)/invite", ["user_id": .string(target)], anna)
            #expect(invite.status == 403)
            #expect(invite.errcode == "M_INVITE_BLOCKED")
            #expect(try await scene.put(member, ["membership": "invite"], anna).errcode == "M_INVITE_BLOCKED")
            try await block(scene, bert, [:])
            #expect(try await scene.post("rooms/\(room)/invite", ["user_id": .string(target)], anna).status == 200)
        }
    }

    @Test func anInviteByAnAddressIsTakenUpWithItsProof() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let key = try SigningKey(keyID: "ed25519:0", seed: Array(repeating: 9, count: 32))
            let room = try await scene.createRoom(anna)
            let invite: JSONObject = [
                "display_name": "b…@x", "public_key": .string(UnpaddedBase64.encode(key.publicKey)),
                "key_validity_url": "https://is.example/valid",
            ]
            #expect(
                try await scene.put("rooms/\(room)/state/m.room.third_party_invite/abc", invite, anna).status == 200)
            func proof(_ seed: UInt8) throws -> JSONObject {
                let key = try SigningKey(keyID: "ed25519:0", seed: Array(repeating: seed, count: 32))
                let signed: JSONObject = [
                    "mxid": .string(bert.user.rawValue), "sender": .string(anna.user.rawValue), "token": "abc",
                ]
                let server = try #require(ServerName("is.example"))
                return ["third_party_signed": .object(JSONSigning.sign(signed, as: server, with: key))]
            }
            #expect(try await scene.post("rooms/\(room)/join", proof(8), bert).errcode == "M_FORBIDDEN")
            #expect(try await scene.post("rooms/\(room)/join", [:], bert).errcode == "M_FORBIDDEN")
            let joined = try await scene.post("rooms/\(room)/join", proof(9), bert)
            #expect(joined.status == 200, "\(joined.body)")
        }
    }

    @Test func aServerListThatLetsThisServerInIsTaken() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            let path = "rooms/\(room)/state/m.room.server_acl"
            #expect(try await scene.put(path, ["allow": ["*"], "deny": ["evil.com"]], anna).status == 200)
            #expect(try await scene.put(path, ["allow": ["evil.com"]], anna).errcode == "M_INVALID_PARAM")
            let made = try await scene.post(
                "createRoom",
                ["initial_state": [["type": "m.room.server_acl", "content": ["allow": ["evil.com"]]]]], anna)
            #expect(made.errcode == "M_INVALID_PARAM")
        }
    }

    @Test func noticesComeInOneRoomThatCannotBeRejected() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let notices = scene.gateway.parts.serverNotices
            let first = try await notices.send(["body": "hello"], to: anna.user)
            let second = try await notices.send(["body": "again"], to: anna.user)
            #expect(first != second)
            let rows = try await scene.gateway.database.query("SELECT room_id FROM server_notice_room")
            let room = try #require(try rows.first?.text("room_id"))
            #expect(rows.count == 1)
            let leave = try await scene.post("rooms/\(room)/leave", [:], anna)
            #expect(leave.status == 403)
            #expect(leave.errcode == "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM")
            let tags = try await scene.get("user/\(anna.user)/rooms/\(room)/tags", anna)
            #expect(tags.body == ["tags": ["m.server_notice": [:]]])
            try await scene.join(room, anna)
            let event = try await scene.get("rooms/\(room)/event/\(second)", anna)
            #expect(event.body["content"] == ["body": "again", "msgtype": "m.server_notice"])
            let reply = try await scene.put("rooms/\(room)/send/m.room.message/1", ["body": "thanks"], anna)
            #expect(reply.errcode == "M_FORBIDDEN")
            #expect(try await scene.post("rooms/\(room)/leave", [:], anna).status == 200)
            try await notices.send(["body": "come back"], to: anna.user)
            #expect(try await scene.state(room, "m.room.member", anna.user.rawValue, anna)["membership"] != nil)
        }
    }

    @Test func nobodyRegistersAsTheServer() async throws {
        try await Gateway.with { gateway, _ in
            let answer = try await gateway.call(
                "GET", "/_matrix/client/v3/register/available?username=server-notices")
            #expect(answer.errcode == "M_USER_IN_USE")
            await #expect(throws: (any Error).self) {
                try await gateway.parts.serverNotices.send(
                    ["body": "x"], to: try #require(UserID("@none:test.example")))
            }
        }
    }
}
