import CanonicalJSON
import HTTPServer
import Identifiers
import Leases
import MatrixHTTP
import ReplicationLog
import RoomReading
import Sync
import TestSupport
import Testing
import WorkerContracts

/// Tokens that come from elsewhere: other workers, other times, other people.
@Suite(.timeLimit(.minutes(15)))
struct TokenPositionTests {
    @Test func tokenAheadOfTheTailIsWaitedForAndKept() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            // A worker whose tail stands still.
            let parts = SyncParts(database: world.database, writers: world, isStateSharingOn: true, logger: .silent)
            try await parts.tail.start()
            try await world.say("new", by: alice, in: room)
            let since = try await world.sync(alice).next
            try await world.withListener(of: parts) { behind in
                let began = ContinuousClock.now
                let answer = try await world.ask(alice, since: since, to: behind)
                #expect(ContinuousClock.now - began >= .milliseconds(1_900))
                #expect(answer.status == 200)
                #expect(SyncedBody(body: answer.body).next == since)
                // As soon as it gets there, it answers.
                let waiting = Task { try await world.ask(alice, since: since, to: behind) }
                try await parts.tail.start()
                #expect(SyncedBody(body: try await waiting.value.body).isEmpty)
                try await world.say("newer", by: alice, in: room)
                try await parts.tail.start()
                let next = try await world.ask(alice, since: since, to: behind)
                #expect(SyncedBody(body: next.body).joined(room)?.timeline == ["newer"])
            }
        }
    }

    @Test func tokenOfALostTailIsTakenBackToWhatSurvived() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let other = try await world.room(by: alice)
            let known = try await world.sync(alice)
            #expect(known.rooms("join") == [other.rawValue])
            // Three positions of shard 3 were handed out and then lost with the old primary.
            let shard = ShardID(3)
            var token = try #require(SyncToken(known.next))
            token.cut[shard] = token.cut[shard].advanced(by: 3)
            token.toDevice = token.toDevice.advanced(by: 1_000)
            try await world.database.query("UPDATE cluster_state SET generation = generation + 1")
            try await world.database.query(
                "UPDATE head SET seq = seq + $1, generation = generation + 1", ClusterGeneration.jump)
            let room = try await StoredRoom.create(in: world.database, by: alice.id, shard: shard)
            try await room.send("m.room.message", by: alice.id, ["body": "after"])
            let synced = try await world.sync(alice, since: token.text)
            #expect(synced.rooms("join") == [room.room.rawValue])
            #expect(synced.joined(room.room)?.timeline.suffix(2) == ["m.room.member", "after"])
            #expect(SyncToken(synced.next)?.cut.generation == token.cut.generation + 1)
            #expect(try await world.sync(alice, since: synced.next).isEmpty)
        }
    }

    /// A server restored twice from one backup begins twice at the same heads: positions that were lost are given again.
    @Test func tokenOfALostTailMissesNothingWhenItsPositionsAreGivenAgain() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            _ = try await world.room(by: alice)
            let known = try await world.sync(alice)
            let shard = ShardID(3)
            var token = try #require(SyncToken(known.next))
            // What the lost generation had beyond the backup, and handed out.
            let survived = token.cut[shard]
            token.cut[shard] = survived.advanced(by: Int(ClusterGeneration.jump) + 50)
            token.toDevice = token.toDevice.advanced(by: 1_000)
            try await world.database.query("UPDATE cluster_state SET generation = generation + 1")
            try await world.database.query(
                """
                WITH begun AS (
                    UPDATE head SET seq = seq + $1, generation = generation + 1 RETURNING generation, shard, seq)
                INSERT INTO generation_start (generation, shard, seq) SELECT generation, shard, seq - $1 FROM begun
                """, ClusterGeneration.jump)
            let room = try await StoredRoom.create(in: world.database, by: alice.id, shard: shard)
            try await room.send("m.room.message", by: alice.id, ["body": "after"])
            let synced = try await world.sync(alice, since: token.text)
            #expect(synced.rooms("join") == [room.room.rawValue])
            #expect(synced.joined(room.room)?.timeline.last == "after")
            #expect(SyncToken(synced.next)?.cut.generation == token.cut.generation + 1)
            #expect(try await world.sync(alice, since: synced.next).isEmpty)
        }
    }

    @Test func othersTokensAreRefused() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let since = try await world.sync(alice).next
            let answer = try await world.ask(bob, since: since)
            #expect(answer.status == 400)
            #expect(answer.errcode == "M_INVALID_PARAM")
            // Another device of the same user may go on with it.
            let second = try await world.device("SECOND", of: alice.id)
            #expect(try await world.ask(second, since: since).status == 200)
            var large = try #require(SyncToken(since))
            large.cut = Cut(generation: 1, positions: Array(repeating: .zero, count: TestDatabase.shardCount + 1))
            #expect(try await world.ask(alice, since: large.text).errcode == "M_INVALID_PARAM")
        }
    }

    @Test func badInputGetsItsCode() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            for row in BadInputTable.sync {
                let token: String? =
                    switch row.token {
                    case .valid: alice.token.text
                    case .absent: nil
                    case .unknown: AccessToken.make(for: alice.id).text
                    }
                let answer = try await world.call(
                    row.path.replacing("{me}", with: alice.id.rawValue), token: token,
                    method: String(row.endpoint.prefix { $0 != " " }), body: row.body.map { Array($0.utf8) })
                #expect(answer.status == row.status, "\(row)")
                #expect(answer.errcode == row.errcode, "\(row)")
            }
        }
    }

    @Test func initialSyncsWaitForBytesToBeRead() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let parts = SyncParts(
                database: world.database, writers: world, isStateSharingOn: true,
                bytesInFlight: BytesInFlight(bytesMax: 0), logger: .silent)
            try await parts.tail.start()
            try await world.withListener(of: parts) { full in
                let answer = try await world.ask(alice, to: full)
                #expect(answer.status == 429)
                #expect(answer.response.head.header("retry-after") != nil)
            }
            #expect(try await world.ask(alice).status == 200)
            // What has been read is on its way no more.
            let bytes = try world.worker.parts.bytesInFlight
            try await waitUntil { bytes.current == 0 }
        }
    }

    @Test func initialSyncsBeyondTheirPlacesAreShed() async throws {
        var options = SyncWorld.Options()
        options.initialPlaces = { Admission(.initialSync, inFlightMax: 0, waitingMax: 0) }
        try await SyncWorld.with(options) { world in
            let alice = try await world.person("alice")
            for query in ["timeout=0", "full_state=true&since=\(try await world.token(of: alice))"] {
                let answer = try await world.ask(alice, query)
                #expect(answer.status == 429)
                #expect(answer.errcode == "M_LIMIT_EXCEEDED")
                #expect(answer.response.head.header("retry-after") != nil)
            }
            #expect(try await world.ask(alice, since: try await world.token(of: alice)).status == 200)
        }
    }
}

extension SyncWorld {
    /// A token of where the worker is.
    func token(of person: Person) async throws -> String {
        let cut = try #require(try worker.parts.tail.current)
        return SyncToken(cut: cut, toDevice: cut[person.shard], typing: .none, user: person.id).text
    }

    /// Serves `parts` while `body` runs, beside the world's own workers.
    func withListener(of parts: SyncParts, _ body: (Worker) async throws -> Void) async throws {
        let listener = HTTPListener(
            host: "127.0.0.1", port: 0, routes: SyncEndpoints.all(parts).map { $0.served(by: parts.callers) },
            logger: .silent)
        let task = Task { try await listener.run() }
        let address = try #require(await listener.boundAddress())
        try await body(Worker(parts: parts, address: address, listener: listener, task: task))
        task.cancel()
        _ = await task.result
    }
}
