import Identifiers
import Leases
import Postgres
import TestSupport
import Testing

/// A writer that is alive for the database, but not for those who send commands.
@Suite struct VotingOutTests {
    /// Registers client workers; returns their votes.
    private func voters(_ count: Int, in database: PostgresDatabase) async throws -> [UnreachableWriterVotes] {
        var votes: [UnreachableWriterVotes] = []
        for number in 0..<count {
            let id = WorkerID(name: "client-\(number)")
            try await WorkerRegistry(
                id: id, kind: .client, version: "test", database: database, logger: .silent
            ).register(
                phase: "ready", publicAddress: nil, internalAddress: "127.0.0.1:3", operationsAddress: "127.0.0.1:4")
            votes.append(UnreachableWriterVotes(voter: id, database: database))
        }
        // They are seen for as long as the test lasts.
        try await database.query("UPDATE worker SET seen_at = now() + interval '5 minutes' WHERE kind = 'client'")
        return votes
    }

    @Test func mostClientWorkersVoteAWriterOutAndOthersTakeItsShards() async throws {
        try await TestDatabase.with { test in
            let voters = try await voters(3, in: test.database)
            let mute = try await LeaseWorker.start("mute", url: test.url, address: "127.0.0.1:11")
            let heard = try await LeaseWorker.start("heard", url: test.url, address: "127.0.0.1:12")
            try #require(
                try await comesTrue(within: .seconds(20)) {
                    let (half, other) = (await mute.shards.count, await heard.shards.count)
                    return half == other && half + other == TestDatabase.shardCount
                })
            let table = LeaseTable(connection: test.database)
            try await voters[0].cast(against: ["127.0.0.1:11"])
            #expect(try await table.view().unreachable == nil, "one of three is not most")
            #expect(
                try await comesTrue(within: .seconds(20)) {
                    for voter in voters.prefix(2) { try await voter.cast(against: ["127.0.0.1:11"]) }
                    return await heard.shards.count == TestDatabase.shardCount
                })
            #expect(try await comesTrue(within: .seconds(10)) { await mute.shards.isEmpty })
            #expect(try await table.view().votedOut == mute.id)
            #expect(try await !table.voteOut(heard.id), "one a minute")

            // The minute is over, and it can be reached again.
            try await test.database.query("UPDATE voted_out_writer SET at = at - interval '2 minutes'")
            try await test.database.query("DELETE FROM unreachable_writer")
            #expect(
                try await comesTrue(within: .seconds(20)) {
                    await mute.shards.count == TestDatabase.shardCount / 2
                })
            await mute.crash()
            await heard.crash()
        }
    }

    @Test func oldVotesAndVotesOfWorkersThatAreGoneDoNotCount() async throws {
        try await TestDatabase.with { test in
            let voters = try await voters(2, in: test.database)
            let mute = try await LeaseWorker.start("mute", url: test.url, address: "127.0.0.1:11")
            let table = LeaseTable(connection: test.database)
            for voter in voters { try await voter.cast(against: ["127.0.0.1:11"]) }
            #expect(try await table.view().unreachable == mute.id)
            try await test.database.query("UPDATE unreachable_writer SET at = now() - interval '6 seconds'")
            #expect(try await table.view().unreachable == nil)
            for voter in voters { try await voter.cast(against: ["127.0.0.1:11"]) }
            try await test.database.query("UPDATE worker SET phase = 'draining' WHERE kind = 'client'")
            #expect(try await table.view().unreachable == nil)
            await mute.crash()
        }
    }
}
