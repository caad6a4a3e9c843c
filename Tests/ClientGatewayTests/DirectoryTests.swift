import CanonicalJSON
import Identifiers
import Storage
import Testing

/// The room directory.
@Suite struct DirectoryTests {
    private func publish(
        _ scene: RoomScene, _ session: Gateway.Session, _ name: String, _ more: JSONObject = [:]
    ) async throws -> String {
        var body = more
        body["name"] = .string(name)
        body["visibility"] = "public"
        return try await scene.createRoom(session, body)
    }

    private func names(_ answer: Gateway.Answer) -> [String] {
        #expect(answer.status == 200, "\(answer.body)")
        return (answer.body["chunk"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    }

    private func search(
        _ scene: RoomScene, _ filter: JSONObject, _ session: Gateway.Session
    ) async throws -> [String] {
        names(try await scene.post("publicRooms", ["filter": .object(filter)], session)).sorted()
    }

    @Test func largeRoomsComeFirstAndPagesEnd() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            for name in ["one", "two", "three", "four"] { _ = try await publish(scene, anna, name) }
            let large = try await publish(scene, anna, "large")
            try await scene.join(large, bert)
            // The first reading finds that it has grown.
            #expect(names(try await scene.get("publicRooms", nil)).count == 5)
            var found: [String] = []
            var since = ""
            for _ in 0..<5 {
                let page = try await scene.get("publicRooms?limit=2\(since)", nil)
                #expect(page.body["total_room_count_estimate"] == 5)
                found += names(page)
                guard let next = page.body["next_batch"]?.stringValue else { break }
                since = "&since=\(next)"
            }
            #expect(found.first == "large")
            #expect(found.sorted() == ["four", "large", "one", "three", "two"])
        }
    }

    @Test func roomsAreFoundByNameTopicAliasAndType() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            _ = try await publish(scene, anna, "Gardening", ["topic": "Roses and 菊"])
            _ = try await publish(scene, anna, "Chess", ["room_alias_name": "schach"])
            _ = try await publish(scene, anna, "Games", ["creation_content": ["type": "m.space"]])
            #expect(try await search(scene, ["generic_search_term": "GARD"], anna) == ["Gardening"])
            #expect(try await search(scene, ["generic_search_term": "roses"], anna) == ["Gardening"])
            #expect(try await search(scene, ["generic_search_term": "菊"], anna) == ["Gardening"])
            #expect(try await search(scene, ["generic_search_term": "schach"], anna) == ["Chess"])
            #expect(try await search(scene, ["generic_search_term": "nothing"], anna) == [])
            #expect(try await search(scene, ["room_types": ["m.space"]], anna) == ["Games"])
            #expect(try await search(scene, ["room_types": [nil]], anna) == ["Chess", "Gardening"])
            #expect(try await search(scene, ["room_types": []], anna) == [])
            #expect(try await search(scene, [:], anna) == ["Chess", "Games", "Gardening"])
        }
    }

    @Test func theDirectoryIsForThoseWithPowerToFill() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna, ["preset": "public_chat", "name": "Ours"])
            let path = "directory/list/room/\(room)"
            #expect(try await scene.get(path, nil).body == ["visibility": "private"])
            #expect(try await scene.put(path, [:], bert).errcode == "M_FORBIDDEN")
            try await scene.join(room, bert)
            #expect(try await scene.put(path, [:], bert).errcode == "M_FORBIDDEN")
            #expect(try await scene.put(path, [:], anna).status == 200)
            #expect(try await scene.get(path, nil).body == ["visibility": "public"])
            let next = try await scene.post("rooms/\(room)/upgrade", ["new_version": "11"], anna)
            let replacement = try #require(next.body["replacement_room"]?.stringValue)
            #expect(try await scene.get(path, nil).body == ["visibility": "private"])
            #expect(names(try await scene.get("publicRooms", nil)) == ["Ours"])
            try await scene.put("directory/list/room/\(replacement)", ["visibility": "private"], anna)
            #expect(names(try await scene.get("publicRooms", nil)) == [])
        }
    }

    @Test func closedRoomsAreNotListed() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await publish(scene, anna, "Ours")
            try await scene.put("rooms/\(room)/state/m.room.join_rules", ["join_rule": "invite"], anna)
            #expect(names(try await scene.get("publicRooms", nil)) == [])
        }
    }

    @Test(arguments: [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (500_000, 19)])
    func aRoomsClassIsTheLengthOfItsNumberOfMembers(members: Int, sizeClass: Int16) {
        #expect(PublishedRoom.sizeClass(members: members) == sizeClass)
    }
}
