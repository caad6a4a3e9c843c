import ClusterHarness
import Events
import Identifiers
import Signing
import Storage
import TestSupport
import Testing

@Suite struct RoomFixtureTests {
    @Test func aFixtureIsWhatItsEventsLeadTo() async throws {
        try await TestDatabase.with { test in
            let server = try #require(ServerName("localhost"))
            let key = try SigningKey(keyID: "ed25519:test", seed: Array(repeating: 9, count: 32))
            let sessions = try await Population.make(250, named: "member", on: server, in: test.database)
            let fixture = try RoomFixture(
                creator: sessions[0].user, others: sessions.dropFirst().map(\.user), server: server, key: key)
            try await fixture.write(to: test.database)

            let stored = try await StoredCluster.read(test.database, rooms: [fixture.room], signedBy: key)
            #expect(HistoryChecker(record: HistoryRecord(), stored: stored).violations() == [])
            #expect(stored.events.count == fixture.events.count)
            #expect(stored.log.count == fixture.events.count + fixture.members.count)
            #expect(stored.shards[fixture.room] == fixture.shard)

            let head = try #require(try await RoomHeadStore(database: test.database).fetch(fixture.room))
            #expect(head.extremities.map(\.event) == [fixture.events[fixture.events.count - 1].id])
            #expect(head.currentRoot == head.extremities[0].stateAfter)
            let joined = try await test.database.query(
                "SELECT count(*) AS n FROM current_membership WHERE membership = 'join' AND is_local")
            #expect(try joined[0].int64("n") == 250)
        }
    }
}
