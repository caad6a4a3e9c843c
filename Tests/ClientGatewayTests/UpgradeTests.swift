import CanonicalJSON
import ClientGateway
import Identifiers
import RoomRules
import Testing

/// Rooms that are replaced by others.
@Suite struct UpgradeTests {
    private func upgrade(
        _ scene: RoomScene, _ room: String, to version: String, _ session: Gateway.Session, _ more: JSONObject = [:]
    ) async throws -> String {
        var body = more
        body["new_version"] = .string(version)
        let answer = try await scene.post("rooms/\(room)/upgrade", body, session)
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer.body["replacement_room"]?.stringValue)
    }

    @Test(arguments: [("10", "12"), ("12", "12"), ("12", "11"), ("1", "10")])
    func theNewRoomHasWhatTheOldOneHad(from old: String, to new: String) async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let evil = try await scene.gateway.register("evil")
            let alias = "#town:test.example"
            let room = try await scene.createRoom(
                anna,
                [
                    "room_version": .string(old), "preset": "public_chat", "name": "Town", "topic": "Talk",
                    "room_alias_name": "town", "creation_content": ["type": "org.example.kind"],
                    "initial_state": [
                        ["type": "m.room.encryption", "content": ["algorithm": "m.megolm.v1.aes-sha2"]],
                        ["type": "org.example.own", "content": ["a": 1]],
                    ],
                ])
            try await scene.post("rooms/\(room)/ban", ["user_id": .string(evil.user.rawValue), "reason": "spam"], anna)
            let levels = try await scene.state(room, "m.room.power_levels", anna)
            var users = levels["users"]?.objectValue ?? [:]
            users[bert.user.rawValue] = 50
            var changed = levels
            changed["users"] = .object(users)
            #expect(try await scene.put("rooms/\(room)/state/m.room.power_levels", changed, anna).status == 200)

            let next = try await upgrade(scene, room, to: new, anna)
            let create = try await scene.state(next, "m.room.create", anna)
            #expect(create["room_version"] == .string(new))
            #expect(create["type"] == "org.example.kind")
            #expect(create["predecessor"]?["room_id"] == .string(room))
            #expect(create["predecessor"]?["event_id"] != nil)
            #expect(try await scene.state(next, "m.room.name", anna) == ["name": "Town"])
            #expect(try await scene.state(next, "m.room.topic", anna)["topic"] == "Talk")
            #expect(try await scene.state(next, "m.room.encryption", anna)["algorithm"] == "m.megolm.v1.aes-sha2")
            #expect(try await scene.state(next, "m.room.join_rules", anna) == ["join_rule": "public"])
            #expect(try await scene.state(next, "m.room.canonical_alias", anna)["alias"] == .string(alias))
            #expect(try await scene.get("rooms/\(next)/state/org.example.own", anna).status == 404)
            let ban = try await scene.state(next, "m.room.member", evil.user.rawValue, anna)
            #expect(ban == ["membership": "ban", "reason": "spam"])
            let carried = try await scene.state(next, "m.room.power_levels", anna)
            #expect(carried["users"]?[bert.user.rawValue] == 50)
            // A creator stands above the levels where there is such a thing.
            let own: JSONValue? = new == "12" ? nil : 100
            #expect(carried["users"]?[anna.user.rawValue] == own)

            let tombstone = try await scene.state(room, "m.room.tombstone", anna)
            #expect(tombstone["replacement_room"] == .string(next))
            let silenced = try await scene.state(room, "m.room.power_levels", anna)
            #expect(silenced["events_default"] == 50)
            #expect(silenced["invite"] == 50)
            let found = try await scene.get("directory/room/%23town:test.example", nil)
            #expect(found.body["room_id"] == .string(next))
            #expect(try await scene.post("join/%23town:test.example", [:], bert).body["room_id"] == .string(next))
        }
    }

    @Test func aRepeatedUpgradeLeadsToTheSameRoom() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            let first = try await upgrade(scene, room, to: "12", anna)
            #expect(try await upgrade(scene, room, to: "12", anna) == first)
            #expect(try await upgrade(scene, room, to: "11", anna) != first)
        }
    }

    @Test func onlyWhoMaySendATombstoneUpgrades() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna, ["preset": "public_chat"])
            #expect(try await scene.post("rooms/\(room)/upgrade", ["new_version": "12"], bert).errcode == "M_FORBIDDEN")
            try await scene.join(room, bert)
            #expect(try await scene.post("rooms/\(room)/upgrade", ["new_version": "12"], bert).errcode == "M_FORBIDDEN")
            #expect(try await scene.get("rooms/\(room)/state/m.room.tombstone", anna).status == 404)
        }
    }

    @Test func creatorsAreNamedAnewAndStandAboveTheLevels() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let cleo = try await scene.gateway.register("cleo")
            let users: JSONObject = [anna.user.rawValue: 100, bert.user.rawValue: 100, cleo.user.rawValue: 75]
            let room = try await scene.createRoom(
                anna,
                [
                    "preset": "public_chat", "room_version": "11",
                    "power_level_content_override": [
                        "users": .object(users)
                    ],
                ])
            let named: JSONObject = ["additional_creators": [.string(bert.user.rawValue), .string(anna.user.rawValue)]]
            let next = try await upgrade(scene, room, to: "12", anna, named)
            let create = try await scene.state(next, "m.room.create", anna)
            #expect(create["additional_creators"] == [.string(bert.user.rawValue)])
            let levels = try await scene.state(next, "m.room.power_levels", anna)
            let rest: JSONObject = [cleo.user.rawValue: 75]
            #expect(levels["users"] == .object(rest))
            #expect(levels["events"]?["m.room.tombstone"] == 100)
            let third = try await upgrade(scene, next, to: "12", anna)
            #expect(try await scene.state(third, "m.room.create", anna)["additional_creators"] == nil)
        }
    }

    @Test func aUsersSettingsFollowThemIntoTheNewRoom() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna, ["preset": "public_chat"])
            try await scene.join(room, bert)
            for session in [anna, bert] {
                let own = "user/\(session.user)"
                try await scene.put("\(own)/rooms/\(room)/tags/m.favourite", ["order": 1], session)
                let direct: JSONObject = ["@somebody:test.example": [.string(room)]]
                try await scene.put("\(own)/account_data/m.direct", direct, session)
            }
            let next = try await upgrade(scene, room, to: "12", anna)
            try await scene.join(next, bert)
            for session in [anna, bert] {
                let own = "user/\(session.user)"
                #expect(
                    try await scene.get("\(own)/rooms/\(next)/tags", session).body == [
                        "tags": ["m.favourite": ["order": 1]]
                    ])
                let direct = try await scene.get("\(own)/account_data/m.direct", session)
                #expect(direct.body["@somebody:test.example"] == [.string(room), .string(next)])
            }
        }
    }

    @Test func aRoomThatOnlyClaimsToReplaceAnotherInheritsNothing() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna)
            try await scene.put("user/\(anna.user)/rooms/\(room)/tags/m.favourite", [:], anna)
            let trap = try await scene.createRoom(
                bert,
                ["preset": "public_chat", "creation_content": ["predecessor": ["room_id": .string(room)]]])
            try await scene.join(trap, anna)
            #expect(try await scene.get("user/\(anna.user)/rooms/\(trap)/tags", anna).body == ["tags": [:]])
        }
    }
}
