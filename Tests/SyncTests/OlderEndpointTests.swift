import CanonicalJSON
import Identifiers
import TestSupport
import Testing
import WorkerContracts

/// What `/sync` has replaced.
@Suite(.timeLimit(.minutes(15)))
struct OlderEndpointTests {
    private static let v3 = "/_matrix/client/v3"

    private func get(_ world: SyncWorld, _ path: String, _ person: SyncWorld.Person) async throws -> JSONObject {
        try await world.settle()
        let answer = try await world.call("\(Self.v3)\(path)", token: person.token.text)
        #expect(answer.status == 200, "\(answer.body)")
        return answer.body
    }

    @Test func initialSyncHasRoomsWithTheirStateAndInvites() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let other = try await world.room(by: alice)
            let left = try await world.room(by: alice, members: [bob])
            try await world.setMembership("invite", of: bob, by: alice, in: other)
            try await world.setMembership("leave", of: bob, in: left)
            try await world.say("one", "two", by: alice, in: room)
            let synced = try await get(world, "/initialSync?limit=1", bob)
            let rooms = synced["rooms"]?.arrayValue ?? []
            #expect(rooms.count == 2)
            let joined = rooms.first { $0["room_id"]?.stringValue == room.rawValue }
            #expect(joined?["membership"] == "join")
            let chunk = joined?["messages"]?["chunk"]?.arrayValue ?? []
            #expect(chunk.compactMap { $0["content"]?["body"]?.stringValue } == ["two"])
            #expect(chunk.first?["room_id"]?.stringValue == room.rawValue)
            let members = (joined?["state"]?.arrayValue ?? []).filter { $0["type"] == "m.room.member" }
            #expect(members.count == 2)
            let invited = rooms.first { $0["room_id"]?.stringValue == other.rawValue }
            #expect(invited?["membership"] == "invite")
            #expect(invited?["invite"]?["content"]?["membership"] == "invite")
            let archived = try await get(world, "/initialSync?archived=true", bob)
            #expect(archived["rooms"]?.arrayValue?.count == 3)
        }
    }

    @Test func eventsComeFromWhereTheClientWas() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let other = try await world.room(by: alice, members: [bob])
            let start = try #require(try await get(world, "/events", bob)["end"]?.stringValue)
            try await world.say("one", by: alice, in: room)
            try await world.say("two", by: alice, in: other)
            func bodies(_ answer: JSONObject) -> Set<String> {
                Set((answer["chunk"]?.arrayValue ?? []).compactMap { $0["content"]?["body"]?.stringValue })
            }
            let all = try await get(world, "/events?from=\(start)", bob)
            #expect(bodies(all) == ["one", "two"])
            #expect(all["start"]?.stringValue == start)
            #expect(bodies(try await get(world, "/events?from=\(start)&room_id=\(room)", bob)) == ["one"])
            let end = try #require(all["end"]?.stringValue)
            #expect(try await get(world, "/events?from=\(end)", bob)["chunk"] == [])
        }
    }
}
