import Identifiers
import Leases
import Postgres
import ReplicationLog
import Synchronization
import TestSupport
import Testing

@Suite struct LogTailTests {
    private let worker = WorkerID(name: "writer")

    private func withWriter(
        _ body: (TestDatabase, TestWriter, CommitConnections) async throws -> Void
    ) async throws {
        try await TestDatabase.with { test in
            let connections = CommitConnections(database: test.database, worker: worker)
            let writer = try await TestWriter.claim(3, for: worker, database: test.database, connections: connections)
            try await body(test, writer, connections)
            await connections.close()
        }
    }

    /// Runs `body` while the tail follows; fails when it does not end with its cancellation.
    private func following(_ tail: LogTail, _ body: () async throws -> Void) async throws {
        let running = Task { try await tail.run() }
        try await body()
        running.cancel()
        let ended = ContinuousClock.now
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(ContinuousClock.now - ended < .seconds(1), "a cancelled tail ends")
    }

    @Test func whatIsCommittedArrivesOnceAndInOrder() async throws {
        try await withWriter { test, writer, _ in
            let record = TailRecord()
            let tail = LogTail(database: test.database, logger: .silent) { record.take($0) }
            try await tail.start()
            try await following(tail) {
                for number in 0..<50 {
                    try await writer.append(["@\(number)-a:x", "@\(number)-b:x"])
                    if number % 2 == 0 { tail.hint() }
                }
                #expect(try await comesTrue { record.count == 100 })
            }
            #expect(record.faults == [])
            #expect(record.keys(of: writer.shard) == (0..<50).flatMap { ["@\($0)-a:x", "@\($0)-b:x"] })
        }
    }

    @Test func whoeverIsWokenByAStepSeesItsCut() async throws {
        try await withWriter { test, writer, _ in
            let seen = CutsSeen()
            let tail = LogTail(
                database: test.database, logger: .silent, onUpdate: { seen.note($0, isVisible: false) },
                onVisible: { seen.note($0, isVisible: true) })
            seen.watch(tail)
            try await tail.start()
            try await writer.append(["@a:x"])
            try await tail.step()
            #expect(seen.wrong == [])
            #expect(seen.count == 2)
        }
    }

    @Test func withoutHintsEverythingArrivesWithinAFewPolls() async throws {
        try await withWriter { test, writer, _ in
            let record = TailRecord()
            let tail = LogTail(database: test.database, logger: .silent) { record.take($0) }
            try await tail.start()
            try await following(tail) {
                try await writer.append(["@a:x"])
                #expect(try await comesTrue(within: .seconds(2)) { record.count == 1 })
            }
        }
    }

    @Test func changesComeFromMemoryThenFromTheLogThenNotAtAll() async throws {
        try await withWriter { test, writer, _ in
            let old = LogTail(database: test.database, logger: .silent)
            try await old.start()
            let start = try #require(old.current)
            try await writer.append(["@a:x", "@b:x"])
            try await old.step()
            let middle = try #require(old.current)
            try await writer.append(["@c:x"])
            try await old.step()
            let end = try #require(old.current)
            // One that started late remembers nothing and reads the log.
            let young = LogTail(database: test.database, logger: .silent)
            try await young.start()
            for tail in [old, young] {
                let all = try await tail.changes(after: start, upTo: end)
                #expect(all.entries.map(\.key.string) == ["@a:x", "@b:x", "@c:x"])
                #expect(all.missing.isEmpty)
                #expect(try await tail.changes(after: middle, upTo: end).entries.map(\.key.string) == ["@c:x"])
                #expect(try await tail.changes(after: start, upTo: middle).entries.count == 2)
                let none = try await tail.changes(after: end, upTo: end)
                #expect(none.entries.isEmpty && none.missing.isEmpty)
            }
            try await test.database.query("DELETE FROM log")
            #expect(try await old.changes(after: start, upTo: end).entries.count == 3, "memory does not need the log")
            let emptied = try await young.changes(after: start, upTo: end)
            #expect(emptied.entries.isEmpty)
            #expect(emptied.missing == [writer.shard])
        }
    }

    @Test func aCutAheadOfTheTailIsReadFromTheLogNotCutShort() async throws {
        try await withWriter { test, writer, _ in
            let (ahead, behind) = (
                LogTail(database: test.database, logger: .silent), LogTail(database: test.database, logger: .silent)
            )
            try await behind.start()
            let start = try #require(behind.current)
            try await writer.append(["@a:x"])
            try await ahead.start()
            let changes = try await behind.changes(after: start, upTo: try #require(ahead.current))
            #expect(changes.entries.map(\.key.string) == ["@a:x"])
        }
    }

    @Test func anEmptiedLogIsAGapTheTailGoesOnBehind() async throws {
        try await withWriter { test, writer, _ in
            let record = TailRecord()
            let tail = LogTail(database: test.database, logger: .silent) { record.take($0) }
            try await tail.start()
            try await writer.append(["@a:x", "@b:x"])
            try await test.database.query("DELETE FROM log")
            try await tail.step()
            #expect(record.gaps == 1)
            #expect(tail.current?[writer.shard] == ShardSequence(2))
            try await writer.append(["@c:x"])
            try await tail.step()
            #expect(record.keys(of: writer.shard) == ["@c:x"])
            #expect(record.faults == [])
        }
    }

    @Test func aShardThatIsTooFarAheadIsAGapNotAFlood() async throws {
        try await withWriter { test, writer, _ in
            let record = TailRecord()
            let tail = LogTail(database: test.database, logger: .silent) { record.take($0) }
            try await tail.start()
            let start = try #require(tail.current)
            let batch = LogTail.rowsPerShardMax / 5 + 1
            for number in 0..<5 { try await writer.append((0..<batch).map { "@\(number)-\($0):x" }) }
            try await tail.step()
            #expect(record.gaps == 1 && record.count == 0)
            let changes = try await tail.changes(after: start, upTo: try #require(tail.current))
            #expect(changes.missing == [writer.shard])
        }
    }

    @Test func memoryIsBoundedAndTheLogTakesOver() async throws {
        try await withWriter { test, writer, _ in
            let tail = LogTail(database: test.database, logger: .silent)
            try await tail.start()
            let start = try #require(tail.current)
            var cuts = [start]
            let batch = LogTail.rememberedPerShardMax / 4
            for number in 0..<5 {
                try await writer.append((0..<batch).map { "@\(number)-\($0):x" })
                try await tail.step()
                cuts.append(try #require(tail.current))
            }
            try await test.database.query("DELETE FROM log")
            let remembered = try await tail.changes(after: cuts[1], upTo: cuts[5])
            #expect(remembered.entries.count == LogTail.rememberedPerShardMax)
            #expect(try await tail.changes(after: start, upTo: cuts[1]).missing == [writer.shard])
        }
    }

    @Test(arguments: [(Int16(99), Int16(1)), (1, 2)])
    func whatThisBuildDoesNotKnowStopsATailAndIsNeverPassed(kind: Int16, format: Int16) async throws {
        try await withWriter { test, writer, _ in
            let record = TailRecord()
            let tail = LogTail(database: test.database, logger: .silent) { record.take($0) }
            try await tail.start()
            let start = try #require(tail.current)
            try await writer.append(["@a:x", "@b:x"])
            try await test.database.query(
                "UPDATE log SET kind = $1, format = $2 WHERE seq = 2", kind, format)
            await #expect(throws: LogFailure.unknownFormat(kind: kind, format: format)) { try await tail.run() }
            #expect(tail.current == start)
            #expect(record.count == 0)
            let young = LogTail(database: test.database, logger: .silent)
            try await young.start()
            await #expect(throws: LogFailure.self) {
                _ = try await young.changes(after: start, upTo: try #require(young.current))
            }
        }
    }

    @Test func waitingForACutIsBoundedAndEndsWithItsTask() async throws {
        try await withWriter { test, writer, _ in
            let tail = LogTail(database: test.database, logger: .silent)
            try await tail.start()
            var ahead = try #require(tail.current)
            ahead[writer.shard] = ShardSequence(1)
            let cut = ahead
            #expect(await tail.wait(until: cut, atMost: .zero) == false)
            #expect(await tail.wait(until: cut, atMost: .milliseconds(50)) == false)
            let cancelled = Task { await tail.wait(until: cut, atMost: .seconds(60)) }
            cancelled.cancel()
            #expect(await cancelled.value == false)
            async let reached = tail.wait(until: cut, atMost: .seconds(10))
            try await writer.append(["@a:x"])
            try await tail.step()
            #expect(await reached)
            #expect(await tail.wait(until: cut, atMost: .zero))
        }
    }

    @Test func manyWaitersThatComeAndGoAreAllAnswered() async throws {
        try await withWriter { test, writer, _ in
            let tail = LogTail(database: test.database, logger: .silent)
            try await tail.start()
            var ahead = try #require(tail.current)
            ahead[writer.shard] = ShardSequence(1)
            let cut = ahead
            let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<500 {
                    group.addTask { await tail.wait(until: cut, atMost: .milliseconds(number % 7)) }
                }
                try await writer.append(["@a:x"])
                try await tail.step()
                return try await group.reduce(into: 0) { count, _ in count += 1 }
            }
            #expect(answers == 500)
        }
    }
}

/// Compares what a tail's callbacks are told with what the tail shows at that moment.
private final class CutsSeen: Sendable {
    private struct State {
        var tail: LogTail?
        var count = 0
        var wrong: [String] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }
    var wrong: [String] { state.withLock { $0.wrong } }

    func watch(_ tail: LogTail) { state.withLock { $0.tail = tail } }

    func note(_ update: TailUpdate, isVisible: Bool) {
        let tail = state.withLock { $0.tail }
        let isSeen = tail?.current == update.cut
        state.withLock { state in
            state.count += 1
            if isSeen != isVisible { state.wrong.append("visible \(isSeen), expected \(isVisible)") }
        }
    }
}
