import CanonicalJSON
import Identifiers
import Testing

/// Who gets into rooms by knocking, and by being in another room.
@Suite struct KnockAndRestrictedTests {
    private func rule(_ rule: String, allowing rooms: [String] = []) -> JSONObject {
        let allow = rooms.map { room -> JSONValue in ["type": "m.room_membership", "room_id": .string(room)] }
        return ["join_rule": .string(rule), "allow": .array(allow)]
    }

    private func room(_ scene: RoomScene, _ session: Gateway.Session, _ joinRule: JSONObject) async throws -> String {
        try await scene.createRoom(
            session,
            [
                "preset": "private_chat",
                "initial_state": [["type": "m.room.join_rules", "content": .object(joinRule)]],
                "power_level_content_override": ["invite": 50],
            ])
    }

    @Test func aKnockIsAnsweredByAnInvite() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await room(scene, anna, rule("knock"))
            let knock = try await scene.post("knock/\(room)?via=test.example", ["reason": "me too"], bert)
            #expect(knock.body == ["room_id": .string(room)])
            let member = try await scene.state(room, "m.room.member", bert.user.rawValue, anna)
            #expect(member["membership"] == "knock")
            #expect(member["reason"] == "me too")
            #expect(try await scene.post("knock/\(room)", ["reason": "me too"], bert).status == 200)
            #expect(try await scene.post("rooms/\(room)/join", [:], bert).status == 403)
            let invite = try await scene.post("rooms/\(room)/invite", ["user_id": .string(bert.user.rawValue)], anna)
            #expect(invite.status == 200)
            #expect(try await scene.post("knock/\(room)", [:], bert).errcode == "M_FORBIDDEN")
            try await scene.join(room, bert)
        }
    }

    @Test func roomsThatTakeNoKnocksSaySo() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let closed = try await scene.createRoom(anna)
            #expect(try await scene.post("knock/\(closed)", [:], bert).errcode == "M_FORBIDDEN")
            let open = try await room(scene, anna, rule("knock"))
            try await scene.post("rooms/\(open)/ban", ["user_id": .string(bert.user.rawValue)], anna)
            #expect(try await scene.post("knock/\(open)", [:], bert).errcode == "M_FORBIDDEN")
        }
    }

    @Test(arguments: ["restricted", "knock_restricted"])
    func eachAllowedRoomLetsItsMembersIn(_ name: String) async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let cleo = try await scene.gateway.register("cleo")
            let first = try await scene.createRoom(anna, ["preset": "public_chat"])
            let second = try await scene.createRoom(anna, ["preset": "public_chat"])
            let room = try await room(scene, anna, rule(name, allowing: ["!none", first, second]))
            #expect(try await scene.post("rooms/\(room)/join", [:], bert).errcode == "M_FORBIDDEN")
            try await scene.join(second, bert)
            try await scene.join(room, bert)
            let member = try await scene.state(room, "m.room.member", bert.user.rawValue, anna)
            // Anna is not listed in the power levels; as the room's creator she may invite.
            #expect(member["join_authorised_via_users_server"] == .string(anna.user.rawValue))
            try await scene.join(first, cleo)
            try await scene.post("rooms/\(first)/leave", [:], cleo)
            #expect(try await scene.post("rooms/\(room)/join", [:], cleo).errcode == "M_FORBIDDEN")
            #expect(try await scene.post("knock/\(room)", [:], cleo).status == (name == "restricted" ? 403 : 200))
        }
    }

    @Test func aRestrictedRoomWithoutAnybodyWhoMayInviteLetsNobodyIn() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let cleo = try await scene.gateway.register("cleo")
            let club = try await scene.createRoom(anna, ["preset": "public_chat"])
            for member in [bert, cleo] { try await scene.join(club, member) }
            let room = try await room(scene, anna, rule("restricted", allowing: [club]))
            try await scene.join(room, bert)
            try await scene.post("rooms/\(room)/leave", [:], anna)
            #expect(try await scene.post("rooms/\(room)/join", [:], cleo).errcode == "M_FORBIDDEN")
        }
    }

    @Test func bannedAndLeftRoomsAreForgotten() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna, ["preset": "public_chat"])
            try await scene.join(room, bert)
            try await scene.post("rooms/\(room)/ban", ["user_id": .string(bert.user.rawValue)], anna)
            #expect(try await scene.get("rooms/\(room)/state", bert).status == 200)
            #expect(try await scene.post("rooms/\(room)/forget", [:], bert).status == 200)
            #expect(try await scene.get("rooms/\(room)/state", bert).errcode == "M_FORBIDDEN")
            #expect(try await scene.post("rooms/\(room)/join", [:], bert).errcode == "M_FORBIDDEN")
        }
    }
}
