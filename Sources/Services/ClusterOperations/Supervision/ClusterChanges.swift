import Leases
import Logging
import Postgres

/// A change to a running cluster.
package enum ClusterChange: Sendable, Equatable, CustomStringConvertible {
    /// Replace every worker, or those of one kind, one by one.
    case roll(WorkerKind?)
    /// Bring the numbers of workers to what the words say, as `sync=5`.
    case scale([String])

    package var description: String {
        switch self {
        case .roll: "a roll"
        case .scale: "scaling"
        }
    }
}

/// Carries out changes, one at a time, step by step as their plans say.
///
/// A change goes on when whoever asked for it has left: half a roll helps no one.
package actor ClusterChanges {
    package enum Failure: Error, CustomStringConvertible {
        case busy(ClusterChange)
        case doesNotServe(WorkerSlot)
        case cannotBeConfigured(WorkerSlot)
        case endedBadly(WorkerSlot, [ProcessExit])

        package var description: String {
            switch self {
            case .busy(let what): "\(what) is under way; one change at a time"
            case .doesNotServe(let slot): "\(slot) did not come to serve within \(ClusterChanges.servingMax)"
            case .cannotBeConfigured(let slot): "\(slot) refuses its configuration; what it says is in the log"
            case .endedBadly(let slot, let exits):
                "\(slot) did not drain cleanly: \(exits.map(\.description).joined(separator: ", "))"
            }
        }
    }

    /// What a change says while it goes on, a line for each step, then ``done`` or ``failed`` and the reason.
    package typealias Progress = AsyncStream<String>

    package static let done = "done"
    package static let failed = "failed: "
    /// Lines kept for a listener that is slow; a change has three for each worker.
    static let linesMax = 1_000

    private struct Job {
        let change: ClusterChange
        let progress: Progress.Continuation
    }

    /// How long a new worker may take until requests reach it.
    package static let servingMax = Duration.seconds(60)
    private static let tick = Duration.milliseconds(50)

    private let supervisor: WorkerSupervisor
    private let follower: RouterFollower
    private let database: any PostgresQuerying
    private var underWay: ClusterChange?
    private let jobs: AsyncStream<Job>
    private let submit: AsyncStream<Job>.Continuation

    package init(supervisor: WorkerSupervisor, follower: RouterFollower, database: any PostgresQuerying) {
        self.supervisor = supervisor
        self.follower = follower
        self.database = database
        (jobs, submit) = AsyncStream.makeStream()
    }

    /// Begins a change.
    ///
    /// - Throws: ``Failure/busy(_:)`` while another is under way.
    package func begin(_ change: ClusterChange) throws(Failure) -> Progress {
        if let underWay { throw .busy(underWay) }
        underWay = change
        let (lines, progress) = Progress.makeStream(bufferingPolicy: .bufferingNewest(Self.linesMax))
        submit.yield(Job(change: change, progress: progress))
        return lines
    }

    /// Carries out what is begun, until cancelled.
    package func run() async {
        for await job in jobs {
            do {
                switch job.change {
                case .roll(let kind): try await roll(kind, job.progress)
                case .scale(let words): try await scale(words, job.progress)
                }
                job.progress.yield(Self.done)
            } catch {
                job.progress.yield(Self.failed + "\(error)")
            }
            underWay = nil
            job.progress.finish()
        }
    }

    private func roll(_ kind: WorkerKind?, _ progress: Progress.Continuation) async throws {
        for step in RollPlan(slots: await supervisor.slots, kind: kind).steps {
            switch step {
            case .start(let slot): await supervisor.start(slot)
            case .awaitServing(let slot): try await awaitServing(slot, abandoning: true)
            case .drainOld(let slot):
                try await drain(slot, keepingNewest: true)
                progress.yield("\(slot) replaced")
            }
        }
    }

    private func scale(_ words: [String], _ progress: Progress.Continuation) async throws {
        let slots = await supervisor.slots
        let current = slots.reduce(into: WorkerCounts()) { $0[$1.kind] += 1 }
        let plan = ScalePlan(from: slots, to: try current.changed(by: words))
        for slot in plan.start { await supervisor.start(slot) }
        for slot in plan.start {
            try await awaitServing(slot, abandoning: true)
            progress.yield("\(slot) started")
        }
        for slot in plan.drain {
            try await drain(slot, keepingNewest: false)
            progress.yield("\(slot) gone")
        }
    }

    /// Waits until the newest worker in `slot` gets requests.
    ///
    /// - Parameter isAbandoned: end it when it does not come to serve.
    package func awaitServing(_ slot: WorkerSlot, abandoning isAbandoned: Bool) async throws {
        let deadline = ContinuousClock.now + Self.servingMax
        while ContinuousClock.now < deadline {
            let entry = await supervisor.newest(in: slot)
            if entry?.isHopeless ?? false {
                if isAbandoned { await supervisor.abandonNewest(in: slot) }
                throw Failure.cannotBeConfigured(slot)
            }
            if let name = entry?.name, try await isServing(name, slot.kind) { return }
            try await Task.sleep(for: Self.tick)
        }
        if isAbandoned { await supervisor.abandonNewest(in: slot) }
        throw Failure.doesNotServe(slot)
    }

    private func drain(_ slot: WorkerSlot, keepingNewest: Bool) async throws {
        let failures = await supervisor.drain(slot, keepingNewest: keepingNewest)
        guard failures.isEmpty else { throw Failure.endedBadly(slot, failures) }
    }

    private func isServing(_ name: String, _ kind: WorkerKind) async throws -> Bool {
        let isReady = await follower.listed.contains { $0.id.name == name && $0.phase == "ready" }
        guard isReady, await follower.isServing(name, kind: kind) else { return false }
        guard kind == .roomWriter else { return true }
        return try await areShardsOwned()
    }

    /// Whether each shard has an owner that is there; between two writers' replacements it must, or a room would wait.
    private func areShardsOwned() async throws -> Bool {
        let rows: PostgresRows
        do {
            rows = try await database.query(
                """
                SELECT NOT EXISTS (
                    SELECT FROM lease AS l LEFT JOIN worker AS w ON w.worker_id = l.owner
                     WHERE l.partition LIKE 'shard/%' AND w.phase IS DISTINCT FROM 'ready') AS are_owned
                """)
        } catch {
            return false  // Asked again with the next tick, until the time is over.
        }
        return try rows.first?.bool("are_owned") ?? false
    }
}
