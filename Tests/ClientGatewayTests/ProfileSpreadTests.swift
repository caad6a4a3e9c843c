import CanonicalJSON
import Identifiers
import Storage
import TestSupport
import Testing

/// Changes of profiles on their way into rooms.
@Suite struct ProfileSpreadTests {
    private func name(_ scene: RoomScene, _ room: String, _ session: Gateway.Session) async throws -> JSONValue? {
        try await scene.state(room, "m.room.member", session.user.rawValue, session)["displayname"]
    }

    private func rows(_ scene: RoomScene) async throws -> Int {
        try await scene.gateway.database.query("SELECT FROM profile_spread").count
    }

    @Test func firstRoomsShowAChangeAtOnceAndTheOthersSoon() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            var rooms: [String] = []
            for _ in 0..<53 { rooms.append(try await scene.createRoom(anna)) }
            rooms.sort()
            try await scene.put("profile/\(anna.user)/displayname", ["displayname": "Anna"], anna)
            for room in rooms.prefix(50) { #expect(try await name(scene, room, anna) == "Anna") }
            try await eventually("the change is done") { try await rows(scene) == 0 }
            for room in rooms { #expect(try await name(scene, room, anna) == "Anna") }
        }
    }

    @Test func whatAWorkerLeftIsTakenUpWhereItStopped() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let rooms = [try await scene.createRoom(anna), try await scene.createRoom(anna)].sorted()
            try await scene.gateway.database.query(
                "INSERT INTO profile_field (user_id, name, value) VALUES ($1, 'displayname', $2)", anna.user.rawValue,
                Array("\"Anna\"".utf8))
            try await scene.gateway.database.query(
                "INSERT INTO profile_spread (user_id, after_room) VALUES ($1, $2)", anna.user.rawValue, rooms[0])
            try await eventually("the change is done") { try await rows(scene) == 0 }
            #expect(try await name(scene, rooms[0], anna) == nil)
            #expect(try await name(scene, rooms[1], anna) == "Anna")
        }
    }

    @Test func aNewerChangeBeginsAnewAndTheOldOneEnds() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let store = ProfileSpreadStore(database: gateway.database)
            let old = try await store.begin(anna.user)
            #expect(try await store.claim() == nil)
            var further = old
            further.afterRoom = "!m"
            #expect(try await store.advance(further, keeping: true))
            let new = try await store.begin(anna.user)
            #expect(new.afterRoom.isEmpty)
            #expect(try await !store.advance(further, keeping: true))
            try await store.finish(old)
            #expect(try await gateway.database.query("SELECT FROM profile_spread").count == 1)
            try await store.finish(new)
            #expect(try await gateway.database.query("SELECT FROM profile_spread").isEmpty)
        }
    }

    @Test func aChangeDoesNotBringBackWhoHasLeft() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna, ["preset": "public_chat"])
            try await scene.join(room, bert)
            try await scene.post("rooms/\(room)/leave", [:], bert)
            // As if the list of rooms had been read before.
            try await scene.gateway.database.query(
                "UPDATE current_membership SET membership = 'join' WHERE user_id = $1", bert.user.rawValue)
            try await scene.put("profile/\(bert.user)/displayname", ["displayname": "Bert"], bert)
            let member = try await scene.state(room, "m.room.member", bert.user.rawValue, anna)
            #expect(member["membership"] == "leave")
        }
    }
}
