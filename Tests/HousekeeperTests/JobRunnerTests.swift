import Housekeeper
import Identifiers
import Leases
import Postgres
import Storage
import Synchronization
import TestSupport
import Testing

/// Counts to a number, one a step, and writes down who did which.
private struct CountingJob: HousekeepingJob {
    static let name = "counting"
    static let interval = Duration.seconds(3_600)

    struct Failure: Error {}

    /// The steps done, in order, with the worker that did each.
    final class Record: Sendable {
        private let steps = Mutex<[(worker: String, number: Int)]>([])
        var done: [(worker: String, number: Int)] { steps.withLock { $0 } }
        func add(_ worker: String, _ number: Int) { steps.withLock { $0.append((worker, number)) } }
    }

    let worker: String
    let record: Record
    var last = 5
    /// The step at which this worker fails.
    var failsAt: Int?

    func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        let number = Int(checkpoint?.first ?? 0) + 1
        if number == failsAt { throw Failure() }
        record.add(worker, number)
        return number == last ? .finished : .more(checkpoint: [UInt8(number)])
    }
}

@Suite struct JobRunnerTests {
    private func runner(
        _ job: some HousekeepingJob, _ worker: String, _ database: any PostgresQuerying
    ) -> JobRunner {
        JobRunner(
            jobs: [job], leases: JobLeases(worker: WorkerID(worker), database: database),
            store: JobStore(database: database), pace: HousekeepingPace(database: database), tick: .milliseconds(20),
            logger: .silent)
    }

    /// Runs `runners` until `condition` holds.
    private func run(_ runners: [JobRunner], until condition: @escaping @Sendable () async throws -> Bool) async throws
    {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for runner in runners { group.addTask { try await runner.run() } }
            let cameTrue = try await comesTrue(within: .seconds(20), condition)
            #expect(cameTrue)
            group.cancelAll()
            // Each ends by its cancellation.
            while (try? await group.next()) != nil {}
        }
    }

    @Test func manyWorkersDoAJobOnce() async throws {
        try await TestDatabase.with { test in
            let (record, store) = (CountingJob.Record(), JobStore(database: test.database))
            let runners = (0..<4).map {
                runner(CountingJob(worker: "w\($0)", record: record), "w\($0)", test.database)
            }
            try await run(runners) { try await store.fetch(CountingJob.name)?.hasFinishedOnce ?? false }
            #expect(record.done.map(\.number) == [1, 2, 3, 4, 5])
            #expect(Set(record.done.map(\.worker)).count == 1)
            #expect(try await store.begin(CountingJob.name) == nil, "the next run is due in an hour")
        }
    }

    @Test func aFailedRunGoesOnFromItsCheckpointOnAnotherWorker() async throws {
        try await TestDatabase.with { test in
            let (record, store) = (CountingJob.Record(), JobStore(database: test.database))
            let bad = runner(CountingJob(worker: "bad", record: record, failsAt: 3), "bad", test.database)
            try await run([bad]) { try await store.fetch(CountingJob.name)?.failure != nil }
            #expect(try await store.begin(CountingJob.name) == nil, "it is tried again later")
            try await test.database.query("UPDATE job SET due_at = now()")
            let good = runner(CountingJob(worker: "good", record: record), "good", test.database)
            try await run([good]) { try await store.fetch(CountingJob.name)?.hasFinishedOnce ?? false }
            #expect(record.done.map(\.number) == [1, 2, 3, 4, 5])
            #expect(record.done.map(\.worker) == ["bad", "bad", "good", "good", "good"])
            #expect(try await store.fetch(CountingJob.name)?.failure == nil)
        }
    }

    @Test func aLeaseIsOnesUntilItRunsOutOrIsReleased() async throws {
        try await TestDatabase.with { test in
            let one = JobLeases(worker: WorkerID("one"), database: test.database)
            let other = JobLeases(worker: WorkerID("other"), database: test.database)
            #expect(try await one.take("x"))
            #expect(try await one.take("x"), "renewed")
            #expect(try await !other.take("x"))
            #expect(try await other.take("y"))
            try await other.release("x")
            #expect(try await !other.take("x"), "only the owner releases")
            try await one.release("x")
            #expect(try await other.take("x"))
            try await test.database.query("UPDATE lease SET expires_at = now() - interval '1 second'")
            #expect(try await one.take("x"), "who died has it no longer")
        }
    }

    @Test func aDrainedWorkerBeginsNothingMore() async throws {
        try await TestDatabase.with { test in
            let record = CountingJob.Record()
            let runner = runner(CountingJob(worker: "w", record: record), "w", test.database)
            await runner.drain()
            let after = self.runner(CountingJob(worker: "next", record: record), "next", test.database)
            let store = JobStore(database: test.database)
            try await run([runner, after]) { try await store.fetch(CountingJob.name)?.hasFinishedOnce ?? false }
            #expect(Set(record.done.map(\.worker)) == ["next"])
        }
    }

    @Test func housekeepingGivesWay() async throws {
        #expect(HousekeepingPace.rest(after: .milliseconds(100)) == .milliseconds(400))
        #expect(HousekeepingPace.rest(after: .seconds(60)) == HousekeepingPace.restMax)
        #expect(HousekeepingPace.restMax < .seconds(JobLeases.secondsToLive))
        try await TestDatabase.with { test in
            let pace = HousekeepingPace(database: test.database)
            #expect(try await !pace.isHeldBack())
            let busy = try await (0..<HousekeepingPace.activeSessionsMax).asyncMap { _ in
                try await test.database.dedicatedConnection(applicationName: "busy")
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for connection in busy {
                    group.addTask { try await connection.query("SELECT pg_sleep(60)") }
                }
                let cameTrue = try await comesTrue(within: .seconds(10)) { try await pace.isHeldBack() }
                #expect(cameTrue)
                for connection in busy { await connection.close() }
                // Each is cut off in its sleep.
                while let ended = await group.nextResult() { #expect(throws: (any Error).self) { try ended.get() } }
            }
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<Mapped>(_ transform: (Element) async throws -> Mapped) async rethrows -> [Mapped] {
        var mapped: [Mapped] = []
        for element in self { mapped.append(try await transform(element)) }
        return mapped
    }
}
