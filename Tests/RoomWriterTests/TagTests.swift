import CanonicalJSON
import Identifiers
import Postgres
import RoomWriter
import Storage
import TestSupport
import Testing
import WorkerContracts

/// Tags are changed one by one in account data that is written as a whole.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct TagTests {
    private func tags(_ writers: TestWriters, of user: UserID, in room: TestRoom) async throws -> JSONObject? {
        try await AccountDataStore(database: writers.database).fetch("m.tag", of: user, in: room.room)
    }

    @Test func tagsOfTwoSendersAtOnceAreAllKept() async throws {
        try await TestWriters.with(count: 2) { writers in
            let (alice, bob) = (try user("alice"), try user("bob"))
            let room = try TestRoom()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sender in ["a", "b"] {
                    for owner in [alice, bob] {
                        group.addTask {
                            for number in 0..<20 {
                                _ = try await writers.tag(
                                    "u.\(sender)\(number)", ["order": .double(0.5)], of: owner, in: room
                                )
                                .events()
                                guard number.isMultiple(of: 4) else { continue }
                                _ = try await writers.tag("u.\(sender)\(number)", nil, of: owner, in: room).events()
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let expected = Set(
                ["a", "b"].flatMap { sender in
                    (0..<20).filter { !$0.isMultiple(of: 4) }.map { "u.\(sender)\($0)" }
                })
            for owner in [alice, bob] {
                let stored = try #require(try await tags(writers, of: owner, in: room)?["tags"]?.objectValue)
                #expect(Set(stored.keys) == expected)
                #expect(stored["u.a1"] == ["order": .double(0.5)])
            }
        }
    }

    /// What is on its way and not committed yet counts for the next change, also a whole new piece of account data.
    @Test func changesSeeWhatIsOnItsWay() async throws {
        try await TestWriters.with(adjust: TestWriters.waitForLocks) { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            let blocker = try await writers.database.dedicatedConnection(applicationName: "blocker")
            try await blocker.query("SET idle_in_transaction_session_timeout = 0")
            try await blocker.query("BEGIN")
            try await blocker.query("LOCK TABLE account_data IN EXCLUSIVE MODE")
            let whole = WriterCommand.SetAccountData(
                user: alice, room: room.room, type: "m.tag", content: ["tags": ["u.old": [:]], "more": 1])
            async let first = writers.execute(.setAccountData(whole), of: alice)
            try #require(
                try await comesTrue {
                    try await !writers.database.query(
                        """
                        SELECT FROM pg_locks JOIN pg_class ON pg_class.oid = relation
                         WHERE relname = 'account_data' AND NOT granted
                        """
                    ).isEmpty
                })
            let started = Tally()
            try await withThrowingTaskGroup(of: WriterReply.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        started.add()
                        return try await writers.tag("u.\(number)", ["order": 1], of: alice, in: room)
                    }
                }
                group.addTask {
                    started.add()
                    return try await writers.tag("u.old", nil, of: alice, in: room)
                }
                try #require(try await comesTrue { started.count == 9 })
                try await blocker.query("ROLLBACK")
                for try await reply in group { _ = try reply.events() }
            }
            _ = try await first.events()
            await blocker.close()
            let stored = try #require(try await tags(writers, of: alice, in: room))
            #expect(stored["more"] == 1)
            #expect(Set(stored["tags"]?.objectValue?.keys.map { $0 } ?? []) == Set((0..<8).map { "u.\($0)" }))
        }
    }

    @Test func whatChangesNothingWritesNothingAndARepeatIsAnsweredTheSame() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            let id = CommandID.random()
            let first = try #require(try await writers.tag("u.a", [:], of: alice, in: room, id: id).done)
            _ = try await writers.tag("u.a", [:], of: alice, in: room).events()
            _ = try await writers.tag("u.none", nil, of: alice, in: room).events()
            let shard = ShardID.placement(of: alice, count: TestDatabase.shardCount)
            #expect(try await writers.head(of: shard) == first.position.value)
            _ = try await writers.tag("u.a", nil, of: alice, in: room).events()
            let repeated = try #require(try await writers.tag("u.a", [:], of: alice, in: room, id: id).done)
            #expect(repeated.position == first.position)
            #expect(try await tags(writers, of: alice, in: room) == ["tags": [:]])
        }
    }

    @Test func tagsBeyondWhatAccountDataHoldsAreRefused() async throws {
        try await TestWriters.with { writers in
            let alice = try user("alice")
            let room = try TestRoom()
            let frame = (["tags": ["u.a": ["x": ""]]] as JSONObject).bytes().count
            let most = WriterCommand.SetAccountData.contentBytesMax - frame
            func content(_ count: Int) -> JSONObject { ["x": .string(String(repeating: "x", count: count))] }
            let refused = try await writers.tag("u.a", content(most + 1), of: alice, in: room)
            #expect(refused.refusal?.errcode == "M_TOO_LARGE")
            #expect(refused.refusal?.status == 413)
            _ = try await writers.tag("u.a", content(most), of: alice, in: room).events()
            #expect(try await writers.tag("u.b", [:], of: alice, in: room).refusal?.errcode == "M_TOO_LARGE")
            _ = try await writers.tag("u.a", nil, of: alice, in: room).events()
        }
    }
}

extension TestWriters {
    func tag(
        _ tag: String, _ content: JSONObject?, of user: UserID, in room: TestRoom, id: CommandID = .random()
    ) async throws -> WriterReply {
        let command = WriterCommand.SetTag(user: user, room: room.room, tag: tag, content: content)
        return try await execute(.setTag(command), id: id, of: user)
    }
}
