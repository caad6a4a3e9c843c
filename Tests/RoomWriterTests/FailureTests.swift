import CanonicalJSON
import Identifiers
import Postgres
import RoomWriter
import TestSupport
import Testing
import WorkerContracts

/// What becomes of commands when their commit fails.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct FailureTests {
    @Test func whatCannotBeStoredIsRefusedAloneAndTheRestOfItsBatchGoesThrough() async throws {
        try await TestWriters.with { writers in
            try await writers.database.query(
                """
                CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF position('poison'::bytea IN NEW.json) > 0 THEN
                        RAISE EXCEPTION 'poison' USING ERRCODE = '22000';
                    END IF;
                    RETURN NEW;
                END $$
                """)
            try await writers.database.query(
                "CREATE TRIGGER refuse_poison BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION refuse_poison()")
            let alice = try user("alice")
            let room = try TestRoom()
            let other = try writers.neighbour(of: room)
            try await writers.create(room)
            try await writers.create(other)
            let replies = try await withThrowingTaskGroup(of: (Int, WriterReply).self) { group in
                for number in 0..<60 {
                    let text = number == 7 || number == 31 ? "poison \(number)" : "fine \(number)"
                    group.addTask {
                        (
                            number,
                            try await writers.send(
                                [TestRoom.message(text, by: alice)], to: number.isMultiple(of: 2) ? room : other)
                        )
                    }
                }
                return try await group.reduce(into: [Int: WriterReply]()) { $0[$1.0] = $1.1 }
            }
            for (number, reply) in replies {
                if number == 7 || number == 31 {
                    #expect(reply.refusal?.status == 400)
                } else {
                    #expect(try reply.events().count == 1)
                }
            }
            for each in [room, other] {
                let messages = try await writers.messages(in: each)
                #expect(messages.count == (each.room == room.room ? 30 : 28))
                for (before, after) in zip(messages, messages.dropFirst()) { #expect(after.prev == [before.id]) }
            }
        }
    }

    @Test func fencedWriterAnswersMovedAndWritesNothing() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            try await writers.create(room)
            let before = try await writers.head(of: room.shard)
            try await writers.database.query(
                "UPDATE lease SET owner = 'somebody else', epoch = epoch + 1, expires_at = now() + interval '1 hour' WHERE partition = $1",
                "shard/\(room.shard)")
            try await writers.database.query(
                "UPDATE head SET epoch = epoch + 1 WHERE shard = $1", room.shard.number)
            let command = WriterCommand.sendEvents(
                .init(room: room.room, events: [TestRoom.message("too late", by: alice)]))
            let reply = await writers.writers[0].core.execute(
                CommandEnvelope(id: .random(), command: command), in: room.shard)
            guard case .moved = reply else {
                Issue.record("not moved: \(reply)")
                return
            }
            #expect(try await writers.head(of: room.shard) == before)
            #expect(try await writers.messages(in: room).isEmpty)
        }
    }

    @Test func writerWhoseHeadIsElsewhereFindsItAndGoesOn() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            try await writers.create(room)
            try await writers.database.query(
                "UPDATE head SET seq = seq + 100 WHERE shard = $1", room.shard.number)
            _ = try await writers.send([TestRoom.message("after the gap", by: alice)], to: room).events()
            #expect(try await writers.messages(in: room).count == 1)
        }
    }

    @Test func connectionsCutAtAnyMomentLoseNothingAndDoubleNothing() async throws {
        try await TestDatabase.with { test in
            let proxy = try TCPProxy(to: UInt16(try #require(test.url.port)))
            defer { proxy.stop() }
            let url = test.url.replacing(":\(try #require(test.url.port))/", with: ":\(proxy.port)/")
            try await TestWriters.with(on: test, url: url) { writers in
                let alice = try user("alice")
                let room = try TestRoom()
                let other = try writers.neighbour(of: room)
                try await writers.create(room)
                try await writers.create(other)
                var random = SeededRandom(seed: 11)
                let cuts = (0..<8).map { _ in Int.random(in: 1...60_000, using: &random) }
                let acknowledged = try await withThrowingTaskGroup(of: [String].self) { group in
                    for sender in 0..<8 {
                        group.addTask {
                            var sent: [String] = []
                            for number in 0..<40 {
                                let target = sender.isMultiple(of: 2) ? room : other
                                let body = "\(sender) \(number)"
                                let draft = TestRoom.message(body, by: alice)
                                let reply = try await writers.sendUntilDone(draft, to: target)
                                sent.append(try #require(try reply.events().first).rawValue)
                            }
                            return sent
                        }
                    }
                    group.addTask {
                        for cut in cuts {
                            try await Task.sleep(for: .milliseconds(120))
                            proxy.cut(cut.isMultiple(of: 2) ? .toServer : .toClient, afterBytes: cut)
                        }
                        return []
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                let stored = try await writers.messages(in: room) + writers.messages(in: other)
                #expect(acknowledged.count == 320)
                #expect(Set(stored.map(\.id)) == Set(acknowledged))
                #expect(Set(stored.map(\.body)).count == 320)
                let log = try await writers.database.query(
                    "SELECT seq FROM log WHERE shard = $1 ORDER BY seq", room.shard.number)
                #expect(try log.map { try $0.int64("seq") } == Array(1...Int64(log.count)))
            }
        }
    }

    @Test func databaseThatRefusesMakesCommandsBusyAndNothingStays() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            try await writers.create(room)
            try await writers.database.query("ALTER TABLE event RENAME TO event_away")
            let reply = try await writers.send([TestRoom.message("not now", by: alice)], to: room)
            guard case .busy = reply else {
                Issue.record("not busy: \(reply)")
                return
            }
            try await writers.database.query("ALTER TABLE event_away RENAME TO event")
            _ = try await writers.sendUntilDone(TestRoom.message("now", by: alice), to: room)
            #expect(try await writers.messages(in: room).map(\.body) == ["now"])
        }
    }
}

extension TestWriters {
    func head(of shard: ShardID) async throws -> Int64 {
        try await database.query("SELECT seq FROM head WHERE shard = $1", shard.number)[0].int64("seq")
    }

    /// Sends under one ID until the writer is not busy any more.
    func sendUntilDone(_ draft: EventDraft, to room: TestRoom) async throws -> WriterReply {
        let id = CommandID.random()
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let reply = try await send([draft], to: room, id: id)
            guard case .busy = reply, ContinuousClock.now < deadline else { return reply }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension String {
    /// The port in a PostgreSQL URL.
    fileprivate var port: Int? {
        guard let slash = lastIndex(of: "/"), let colon = self[..<slash].lastIndex(of: ":") else { return nil }
        return Int(self[index(after: colon)..<slash])
    }
}
