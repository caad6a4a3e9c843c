import Leases
import Logging
import Metrics
import Storage
import Synchronization

/// Runs jobs when they are due, each on one worker at a time, from where it was left.
package final class JobRunner: Sendable {
    /// How often it is asked whether a job is due, and whether one that was held back may go on.
    package static let tick = Duration.seconds(1)
    /// How long after a failure a job goes on.
    package static let retryAfter = Duration.seconds(60)
    /// The longest a worker waits for the step under way when it drains.
    package static let drainMax = Duration.seconds(10)

    private let jobs: [any HousekeepingJob]
    private let leases: JobLeases
    private let store: JobStore
    private let pace: HousekeepingPace
    private let tick: Duration
    private let logger: Logger
    private let state = Mutex((isStopping: false, isBusy: false))

    package init(
        jobs: [any HousekeepingJob], leases: JobLeases, store: JobStore, pace: HousekeepingPace,
        tick: Duration = JobRunner.tick, logger: Logger
    ) {
        self.jobs = jobs
        self.leases = leases
        self.store = store
        self.pace = pace
        self.tick = tick
        self.logger = logger
    }

    /// Runs what is due until cancelled.
    package func run() async throws {
        while true {
            for job in jobs where !isStopping {
                state.withLock { $0.isBusy = true }
                defer { state.withLock { $0.isBusy = false } }
                await runIfDue(job)
            }
            try await Task.sleep(for: tick)
        }
    }

    /// Begins nothing more and waits for the step under way.
    package func drain() async {
        state.withLock { $0.isStopping = true }
        let deadline = ContinuousClock.now + Self.drainMax
        while state.withLock({ $0.isBusy }), ContinuousClock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func runIfDue(_ job: any HousekeepingJob) async {
        let name = type(of: job).name
        do {
            guard try await leases.take(name) else { return }
            do {
                try await carryOut(job)
            } catch {
                try await note(error, of: name)
            }
            try await leases.release(name)
        } catch  where !Task.isCancelled {
            // The database is away: the job goes on from its checkpoint when it is back.
            logger.warning("job not looked after", metadata: ["job": "\(name)", "error": "\(error)"])
        } catch {
            // Cancelled: the lease runs out by itself.
        }
    }

    private func carryOut(_ job: any HousekeepingJob) async throws {
        let (name, interval) = (type(of: job).name, type(of: job).interval)
        guard let begun = try await store.begin(name) else { return }
        var checkpoint = begun.checkpoint
        while try await mayGoOn(name) {
            let began = ContinuousClock.now
            switch try await job.step(from: checkpoint) {
            case .more(let next):
                try await store.advance(name, to: next)
                checkpoint = next
            case .finished:
                try await store.finish(name, nextAfter: interval)
                Counter(label: "apus_job_runs_total", dimensions: [("job", name)]).increment()
                return
            }
            try await Task.sleep(for: HousekeepingPace.rest(after: began.duration(to: .now)))
        }
    }

    /// Waits while the database is busy; `false` when the job is to be left to others.
    private func mayGoOn(_ name: String) async throws -> Bool {
        while !isStopping, try await leases.take(name) {
            guard try await pace.isHeldBack() else { return true }
            try await Task.sleep(for: tick)
        }
        return false
    }

    private func note(_ error: any Error, of name: String) async throws {
        guard !Task.isCancelled else { throw error }
        logger.error("job failed", metadata: ["job": "\(name)", "error": "\(error)"])
        Counter(label: "apus_job_failures_total", dimensions: [("job", name)]).increment()
        try await store.fail(name, because: "\(error)", againAfter: Self.retryAfter)
    }
}
