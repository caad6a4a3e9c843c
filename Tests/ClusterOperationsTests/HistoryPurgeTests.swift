import ClusterOperations
import Identifiers
import Storage
import TestSupport
import Testing

struct HistoryPurgeTests {
    @Test func aPurgeIsRequestedAndWaitedFor() async throws {
        try await TestDatabase.with { test in
            let alice = try #require(UserID("@alice:\(TestDatabase.serverName)"))
            let room = try await StoredRoom.create(in: test.database, by: alice)
            let purge = HistoryPurge(database: test.database)
            let number = try await purge.request(room.room.rawValue, before: Timestamp(milliseconds: 5))
            let requests = PurgeRequestStore(database: test.database)
            let request = try #require(try await requests.next())
            #expect(request.id == number)
            try await requests.advance(
                request, by: EventPurge.Step(purged: 7, next: nil), at: Timestamp(milliseconds: 6))
            #expect(try await purge.finished(number) == 7)
        }
    }

    @Test(arguments: ["", "room", "!nowhere:x"])
    func roomsThatAreNotThereAreRefused(room: String) async throws {
        try await TestDatabase.with { test in
            await #expect(throws: HistoryPurge.Problem.unknownRoom(room)) {
                try await HistoryPurge(database: test.database).request(room, before: Timestamp(milliseconds: 5))
            }
        }
    }
}
