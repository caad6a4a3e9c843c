import CanonicalJSON
import Identifiers
import Testing

/// Spaces and what is shown of rooms to those who are not in them.
@Suite struct HierarchyTests {
    private static let v1 = "/_matrix/client/v1"

    private func space(_ scene: RoomScene, _ session: Gateway.Session, _ name: String) async throws -> String {
        try await scene.createRoom(
            session, ["preset": "public_chat", "name": .string(name), "creation_content": ["type": "m.space"]])
    }

    private func add(
        _ room: String, to space: String, _ scene: RoomScene, _ session: Gateway.Session, _ more: JSONObject = [:]
    ) async throws {
        var content = more
        content["via"] = ["test.example"]
        let answer = try await scene.put("rooms/\(space)/state/m.space.child/\(room)", content, session)
        #expect(answer.status == 200, "\(answer.body)")
    }

    private func walk(
        _ scene: RoomScene, _ space: String, _ query: String, _ session: Gateway.Session
    ) async throws -> [String] {
        var found: [String] = []
        var from = ""
        for _ in 0..<20 {
            let page = try await scene.get("\(Self.v1)/rooms/\(space)/hierarchy?\(query)\(from)", session)
            #expect(page.status == 200, "\(page.body)")
            found += (page.body["rooms"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
            guard let next = page.body["next_batch"]?.stringValue else { return found }
            from = "&from=\(next)"
        }
        Issue.record("there is no end")
        return found
    }

    @Test func aSpaceIsWalkedDepthFirstAndPagesEnd() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let root = try await space(scene, anna, "root")
            let inner = try await space(scene, anna, "inner")
            func chat(_ name: String, _ preset: String = "public_chat") async throws -> String {
                try await scene.createRoom(anna, ["preset": .string(preset), "name": .string(name)])
            }
            let (a, b, c) = (try await chat("a"), try await chat("b"), try await chat("c"))
            let hidden = try await chat("hidden", "private_chat")
            try await add(c, to: root, scene, anna, ["order": "z"])
            try await add(inner, to: root, scene, anna, ["order": "b", "suggested": true])
            try await add(hidden, to: root, scene, anna, ["order": "a"])
            try await add("!elsewhere:far.example", to: root, scene, anna)
            try await add(b, to: inner, scene, anna)
            try await add(a, to: inner, scene, anna, ["order": "1", "suggested": true])
            try await add(root, to: inner, scene, anna)
            for limit in [1, 2, 50] {
                #expect(try await walk(scene, root, "limit=\(limit)", bert) == ["root", "inner", "a", "b", "c"])
            }
            #expect(try await walk(scene, root, "limit=2", anna) == ["root", "hidden", "inner", "a", "b", "c"])
            #expect(try await walk(scene, root, "max_depth=1", bert) == ["root", "inner", "c"])
            #expect(try await walk(scene, root, "max_depth=0", bert) == ["root"])
            #expect(try await walk(scene, root, "suggested_only=true&limit=1", bert) == ["root", "inner", "a"])
            // A room leaves a space by an event without servers.
            try await scene.put("rooms/\(root)/state/m.space.child/\(c)", [:], anna)
            #expect(try await walk(scene, root, "limit=50", bert) == ["root", "inner", "a", "b"])
        }
    }

    @Test func aHierarchyShowsItsChildrensStateAndIsForThoseWhoMaySeeIt() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let root = try await space(scene, anna, "root")
            let room = try await scene.createRoom(anna, ["preset": "public_chat", "topic": "Talk"])
            try await add(room, to: root, scene, anna)
            let answer = try await scene.get("\(Self.v1)/rooms/\(root)/hierarchy", bert)
            let rooms = try #require(answer.body["rooms"]?.arrayValue)
            let child = try #require(rooms.first?["children_state"]?.arrayValue?.first)
            #expect(child["state_key"] == .string(room))
            #expect(child["origin_server_ts"]?.intValue != nil)
            #expect(child["content"] == ["via": ["test.example"]])
            #expect(rooms.first?["room_type"] == "m.space")
            #expect(rooms.last?["children_state"] == [])
            #expect(rooms.last?["num_joined_members"] == 1)
            #expect(rooms.last?["topic"] == "Talk")
            let own = try await scene.createRoom(anna)
            #expect(try await scene.get("\(Self.v1)/rooms/\(own)/hierarchy", bert).errcode == "M_FORBIDDEN")
            #expect(try await scene.get("\(Self.v1)/rooms/\(own)/hierarchy", anna).status == 200)
        }
    }

    @Test func aSummaryIsForThoseWhoAreInOrMayComeIn() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let club = try await scene.createRoom(anna, ["preset": "public_chat", "room_alias_name": "club"])
            let allow: JSONValue = [["type": "m.room_membership", "room_id": .string(club)]]
            let back = try await scene.createRoom(
                anna,
                [
                    "name": "Back room",
                    "initial_state": [
                        [
                            "type": "m.room.join_rules",
                            "content": ["join_rule": "restricted", "allow": allow],
                        ],
                        ["type": "m.room.encryption", "content": ["algorithm": "m.megolm.v1.aes-sha2"]],
                    ],
                ])
            let open = try await scene.get("\(Self.v1)/room_summary/%23club:test.example", bert)
            #expect(open.body["room_id"] == .string(club))
            #expect(open.body["membership"] == "leave")
            #expect(open.body["join_rule"] == "public")
            #expect(try await scene.get("\(Self.v1)/room_summary/\(back)", bert).errcode == "M_NOT_FOUND")
            try await scene.join(club, bert)
            let seen = try await scene.get("\(Self.v1)/room_summary/\(back)", bert)
            #expect(seen.body["name"] == "Back room")
            #expect(seen.body["allowed_room_ids"] == [.string(club)])
            #expect(seen.body["encryption"] == "m.megolm.v1.aes-sha2")
            #expect(seen.body["room_version"] == "12")
            let unstable = "/_matrix/client/unstable/im.nheko.summary"
            for path in ["\(unstable)/summary/\(back)", "\(unstable)/rooms/\(back)/summary"] {
                #expect(try await scene.get(path, bert).body["im.nheko.summary.room_version"] == "12")
            }
            try await scene.post("rooms/\(club)/ban", ["user_id": .string(bert.user.rawValue)], anna)
            #expect(try await scene.get("\(Self.v1)/room_summary/\(club)", bert).errcode == "M_NOT_FOUND")
            #expect(try await scene.get("\(Self.v1)/room_summary/\(back)", bert).errcode == "M_NOT_FOUND")
        }
    }
}
