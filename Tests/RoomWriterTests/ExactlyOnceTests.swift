import CanonicalJSON
import Identifiers
import Postgres
import RoomWriter
import TestSupport
import Testing
import WorkerContracts

/// A command has its effect once, however often and to whomever it is sent.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ExactlyOnceTests {
    @Test func repeatsAtTheSameTimeGetTheOneAnswer() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            try await writers.create(room)
            let id = CommandID.random()
            let replies = try await withThrowingTaskGroup(of: WriterReply.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await writers.send([TestRoom.message("once", by: alice)], to: room, id: id) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let first = try #require(replies.first)
            #expect(try first.events().count == 1)
            #expect(replies.allSatisfy { $0 == first })
            #expect(try await writers.messages(in: room).count == 1)
        }
    }

    @Test func repeatAfterTheAnswerIsAnsweredTheSame() async throws {
        try await TestWriters.with { writers in
            let room = try TestRoom()
            let id = CommandID.random()
            let created = try await writers.execute(.createRoom(room.command), id: id, in: room.shard)
            #expect(try created.events().count == 4)
            let again = try await writers.execute(.createRoom(room.command), id: id, in: room.shard)
            #expect(again == created)
        }
    }

    @Test func laterOwnerAnswersWhatAnEarlierOneDid() async throws {
        try await TestDatabase.with { test in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom()
            let ids = (0..<4).map { _ in CommandID.random() }
            let data = WriterCommand.SetAccountData(user: bob, room: nil, type: "test", content: ["value": 1])
            var first: [WriterReply] = []
            try await TestWriters.with(on: test) { writers in
                first.append(try await writers.execute(.createRoom(room.command), id: ids[0], in: room.shard))
                _ = try await writers.send([TestRoom.member(bob, "join")], to: room)
                first.append(try await writers.send([TestRoom.member(bob, "leave")], to: room, id: ids[1]))
                first.append(try await writers.send([TestRoom.message("one", by: alice)], to: room, id: ids[2]))
                first.append(try await writers.execute(.setAccountData(data), id: ids[3], of: bob))
                for reply in first { guard case .done = reply else { Issue.record("not done: \(reply)"); return } }
            }
            try await TestWriters.with(on: test) { writers in
                var again: [WriterReply] = []
                again.append(try await writers.execute(.createRoom(room.command), id: ids[0], in: room.shard))
                // Leaving twice is against the rules, repeating the first leaving is not.
                again.append(try await writers.send([TestRoom.member(bob, "leave")], to: room, id: ids[1]))
                again.append(try await writers.send([TestRoom.message("one", by: alice)], to: room, id: ids[2]))
                again.append(try await writers.execute(.setAccountData(data), id: ids[3], of: bob))
                #expect(again == first)
                #expect(try await writers.messages(in: room).count == 1)
            }
        }
    }

    @Test func repeatsAmongOthersAreAnsweredAndTheOthersGoThrough() async throws {
        try await TestDatabase.with { test in
            let alice = try user("alice")
            let room = try TestRoom()
            let ids = (0..<40).map { _ in CommandID.random() }
            try await TestWriters.with(on: test) { writers in
                try await writers.create(room)
                _ = try await writers.sendAll(ids.prefix(20).map { ($0, TestRoom.message("m", by: alice)) }, to: room)
            }
            try await TestWriters.with(on: test) { writers in
                let replies = try await writers.sendAll(ids.map { ($0, TestRoom.message("m", by: alice)) }, to: room)
                for reply in replies.values { #expect(try reply.events().count == 1) }
                #expect(try await writers.messages(in: room).count == 40)
            }
        }
    }

    @Test func refusedCommandStaysRefusedOrHasItsEffectOnce() async throws {
        try await TestWriters.with { writers in
            let bob = try user("bob")
            let room = try TestRoom()
            try await writers.create(room)
            let id = CommandID.random()
            let draft = TestRoom.message("early", by: bob)
            #expect(try await writers.send([draft], to: room, id: id).refusal?.status == 403)
            #expect(try await writers.send([draft], to: room, id: id).refusal?.status == 403)
            _ = try await writers.send([TestRoom.member(bob, "join")], to: room).events()
            let done = try await writers.send([draft], to: room, id: id)
            #expect(try done.events().count == 1)
            #expect(try await writers.send([draft], to: room, id: id) == done)
        }
    }
}

extension TestWriters {
    /// The message events of a room in the order of their positions: ID, predecessors and body.
    func messages(in room: TestRoom) async throws -> [(id: String, prev: [String], body: String)] {
        let rows = try await database.query(
            "SELECT event_id, json FROM event WHERE room_id = $1 AND type = $2 ORDER BY seq LIMIT 10000",
            room.room.rawValue, Array("m.room.message".utf8))
        return try rows.map { row in
            let json = try JSONObject.parse(try row.bytes("json"))
            let prev = json["prev_events"]?.arrayValue?.compactMap(\.stringValue) ?? []
            return (try row.text("event_id"), prev, json["content"]?["body"]?.stringValue ?? "")
        }
    }

    /// Sends many drafts at once, each in a command of its own.
    func sendAll(
        _ drafts: [(CommandID, EventDraft)], to room: TestRoom
    ) async throws -> [CommandID: WriterReply] {
        try await withThrowingTaskGroup(of: (CommandID, WriterReply).self) { group in
            for (id, draft) in drafts {
                group.addTask { (id, try await self.send([draft], to: room, id: id)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }
}
