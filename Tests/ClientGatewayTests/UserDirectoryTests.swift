import CanonicalJSON
import ClientGateway
import Identifiers
import Testing

/// Who finds whom.
@Suite struct UserDirectoryTests {
    private func name(_ scene: RoomScene, _ session: Gateway.Session, _ name: String) async throws {
        let answer = try await scene.put(
            "profile/\(session.user)/displayname", ["displayname": .string(name)], session)
        #expect(answer.status == 200, "\(answer.body)")
    }

    private func found(_ scene: RoomScene, _ term: String, _ session: Gateway.Session) async throws -> [String] {
        let answer = try await scene.post("user_directory/search", ["search_term": .string(term)], session)
        #expect(answer.status == 200, "\(answer.body)")
        return (answer.body["results"]?.arrayValue ?? []).compactMap { $0["user_id"]?.stringValue }
    }

    @Test func usersAreFoundByTheBeginningsOfWords() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let cleo = try await scene.gateway.register("cleo")
            let room = try await scene.createRoom(anna, ["preset": "public_chat"])
            for session in [bert, cleo] { try await scene.join(room, session) }
            try await name(scene, bert, "Bertram van Böhl")
            try await name(scene, cleo, "山田花子")
            let (b, c) = (bert.user.rawValue, cleo.user.rawValue)
            for term in ["bertr", "VAN", "böh", "ber boh".replacing("o", with: "ö"), "bert", "@bert:test.example"] {
                #expect(try await found(scene, term, anna) == [b], "\(term)")
            }
            for term in ["山田", "花子", "田花", "子", "cleo"] {
                #expect(try await found(scene, term, anna) == [c], "\(term)")
            }
            for term in ["ertram", "van x", "", "@", "anna"] {
                #expect(try await found(scene, term, anna) == [], "\(term)")
            }
            try await name(scene, bert, "Someone Else")
            #expect(try await found(scene, "bertram", anna) == [])
            #expect(try await found(scene, "else", anna) == [b])
        }
    }

    @Test func onlyThoseWithARoomInCommonOrInAnOpenRoomAreFound() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            #expect(try await found(scene, "bert", anna) == [])
            let own = try await scene.createRoom(bert)
            #expect(try await found(scene, "bert", anna) == [])
            try await scene.put("rooms/\(own)/state/m.room.join_rules", ["join_rule": "public"], bert)
            #expect(try await found(scene, "bert", anna) == [bert.user.rawValue])
            try await scene.put("rooms/\(own)/state/m.room.join_rules", ["join_rule": "invite"], bert)
            #expect(try await found(scene, "bert", anna) == [])
            let shared = try await scene.createRoom(anna)
            try await scene.post("rooms/\(shared)/invite", ["user_id": .string(bert.user.rawValue)], anna)
            #expect(try await found(scene, "bert", anna) == [])
            try await scene.join(shared, bert)
            #expect(try await found(scene, "bert", anna) == [bert.user.rawValue])
        }
    }

    @Test func anAnswerSaysWhenThereIsMore() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna, ["preset": "public_chat"])
            for number in 1...3 {
                try await scene.join(room, try await scene.gateway.register("guest\(number)"))
            }
            for (limit, count, isLimited) in [(2, 2, true), (3, 3, false)] {
                let answer = try await scene.post(
                    "user_directory/search", ["search_term": "guest", "limit": .int(Int64(limit))], anna)
                #expect(answer.body["results"]?.arrayValue?.count == count)
                #expect(answer.body["limited"] == .bool(isLimited))
            }
        }
    }

    @Test func mutualRoomsAreThoseBothAreIn() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let first = try await scene.createRoom(anna, ["preset": "public_chat"])
            let second = try await scene.createRoom(anna, ["preset": "public_chat"])
            _ = try await scene.createRoom(bert)
            for room in [first, second] { try await scene.join(room, bert) }
            for path in [
                "/_matrix/client/v1/mutual_rooms", "/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms",
            ] {
                let answer = try await scene.get("\(path)?user_id=\(bert.user)", anna)
                #expect(answer.body["joined"] == .array([first, second].sorted().map(JSONValue.string)))
                #expect(answer.body["count"] == 2)
                #expect(answer.body["next_batch"] == nil)
                #expect(try await scene.get("\(path)?user_id=@none:test.example", anna).body["joined"] == [])
            }
            try await scene.post("rooms/\(second)/leave", [:], bert)
            let left = try await scene.get("/_matrix/client/v1/mutual_rooms?user_id=\(bert.user)", anna)
            #expect(left.body["joined"] == [.string(first)])
        }
    }

    @Test func wordsAndRunsWithoutSpacesAreCut() {
        #expect(SearchWords.indexed("Ann-Marie O'Neil 2") == ["ann", "marie", "o", "neil", "2"])
        #expect(SearchWords.indexed("東京tower") == ["東京", "京", "tower"])
        #expect(SearchWords.searched("東京 Tower") == ["東京", "tower"])
        #expect(SearchWords.indexed("… \u{0} !") == [])
        #expect(
            SearchWords.indexed(String(repeating: "字", count: 500)).allSatisfy { $0.count <= SearchWords.lengthMax })
        let many = (0..<500).map { "w\($0)" }.joined(separator: " ")
        #expect(SearchWords.indexed(many).count == SearchWords.wordsMax)
    }
}
