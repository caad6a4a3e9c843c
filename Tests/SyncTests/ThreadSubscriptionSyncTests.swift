import CanonicalJSON
import Identifiers
import Storage
import Testing
import WorkerContracts

/// Threads that a user follows, in sliding sync (MSC4308).
@Suite(.timeLimit(.minutes(15)))
struct ThreadSubscriptionSyncTests {
    private static let name = "io.element.msc4308.thread_subscriptions"

    private func request(limit: Int64 = 100) -> JSONObject {
        ["lists": [:], "extensions": [Self.name: ["enabled": true, "limit": .int(limit)]]]
    }

    /// Threads by their beginnings: with whether it came by itself, or null for those unsubscribed.
    private func told(_ slid: Slid, _ room: RoomID) -> [String: JSONValue] {
        let part = slid.body["extensions"]?[Self.name]
        var told: [String: JSONValue] = [:]
        for member in part?["subscribed"]?[room.rawValue]?.objectValue?.members ?? [] {
            told[member.key] = member.value["automatic"]
        }
        for member in part?["unsubscribed"]?[room.rawValue]?.objectValue?.members ?? [] {
            told[member.key] = .null
        }
        return told
    }

    @Test(arguments: LogMode.allCases) func aUserIsToldOfTheirThreadsAndOfWhatChanges(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let roots = try await world.say("one", "two", "three", by: alice, in: room)
            func set(_ state: ThreadSubscription.State, _ root: EventID) async throws {
                try await world.execute(
                    .setThreadSubscription(
                        .init(user: bob.id, room: room, root: root, state: state, roomPosition: .zero)), of: bob.id)
            }
            try await set(.manual, roots[0])
            try await set(.unsubscribed, roots[1])
            let first = try await world.slide(bob, request())
            #expect(told(first, room) == [roots[0].rawValue: false])
            try await set(.automatic, roots[2])
            try await set(.unsubscribed, roots[0])
            let second = try await world.slide(bob, request(), pos: first.pos)
            #expect(told(second, room) == [roots[2].rawValue: true, roots[0].rawValue: .null])
            #expect(try await world.slide(bob, request(), pos: second.pos).body["extensions"]?[Self.name] == nil)
            #expect(try await world.slide(alice, request()).body["extensions"]?[Self.name] == nil)
            let few = try await world.slide(bob, request(limit: 1))
            #expect(told(few, room).isEmpty, "the latest change is one of those a client that begins is not told of")
            let some = try await world.slide(bob, request(limit: 2))
            #expect(told(some, room) == [roots[2].rawValue: true])
            #expect(some.body["extensions"]?[Self.name]?["prev_batch"]?.stringValue != nil)
        }
    }
}
