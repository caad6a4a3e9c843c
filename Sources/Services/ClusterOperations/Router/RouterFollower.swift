import Leases
import Logging
import Postgres

/// Keeps a router's pools as the registry says, through its runtime socket.
///
/// The same in every deployment: beside `apus up`'s router and beside a router in a container. It remembers nothing of
/// the router: each round compares what there is with what should be, so a router that was restarted is filled again.
package actor RouterFollower {
    /// How often it looks: a new worker waits no longer for its first request.
    package static let interval = Duration.milliseconds(150)

    private let database: any PostgresQuerying
    package let socket: RouterSocket
    private let pools: [RouterPool]
    private let logger: Logger
    private var directory = RouterDirectory()
    private var lastProblem = ""
    private var isStopped = false
    private var isApplying = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// The workers of the last round that could read the registry.
    package private(set) var listed: [ListedWorker] = []
    /// The router's servers as of the last round.
    package private(set) var states: [RouterServerState] = []

    package init(database: any PostgresQuerying, socket: RouterSocket, hasInitialPool: Bool, logger: Logger) {
        self.database = database
        self.socket = socket
        self.logger = logger
        pools = RouterPool.all.filter { hasInitialPool || $0 != .initial }
    }

    /// Names of runs known to have ended, whose rows may still be there.
    package var endedRuns: Set<String> { directory.endedRuns }

    /// Follows until ``stop()``, or cancelled.
    package func run() async {
        while !isStopped, !Task.isCancelled {
            await round()
            // Cancellation ends the wait and with it the loop.
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// The router and the registry go away now, and that is no news.
    package func stop() { isStopped = true }

    /// The process of the run called `name` has ended: nothing may be sent to it any more.
    package func runEnded(_ name: String) async {
        directory.runEnded(name)
        await apply()
    }

    /// The run called `name` is about to be told to drain.
    package func runDrains(_ name: String) async {
        directory.runDrains(name)
        await apply()
    }

    /// Whether the run called `name` gets requests in every pool of its kind; true for kinds without a pool.
    package func isServing(_ name: String, kind: WorkerKind) -> Bool {
        pools.filter { $0.kind == kind }.allSatisfy { pool in
            states.contains { $0.pool == pool.name && WorkerID($0.name).name == name && $0.isServing }
        }
    }

    private func round() async {
        do {
            listed = try await ListedWorker.list(in: database)
            directory.update(listed, now: .now)
        } catch {
            // The last list stays in force; the router's own checks see what dies meanwhile.
            note("the registry is not readable: \(error)")
        }
        await apply()
    }

    /// One at a time: two plans made of the same states would both add the same servers.
    private func apply() async {
        if isApplying { await withCheckedContinuation { waiting.append($0) } }
        isApplying = true
        await carryOutPlan()
        isApplying = !waiting.isEmpty
        if isApplying { waiting.removeFirst().resume() }
    }

    private func carryOutPlan() async {
        guard !isStopped else { return }
        do {
            states = try await socket.servers()
            let plan = RouterPlan(pools: pools, wanted: directory.servers, actual: states)
            for command in plan.commands {
                let answer = try await socket.send(command)
                report(answer, to: command)
            }
            if !plan.commands.isEmpty { states = try await socket.servers() }
            lastProblem = ""
        } catch {
            note("the router is not reachable: \(error)")
        }
    }

    /// Each problem once, not with every round.
    private func note(_ problem: String) {
        guard problem != lastProblem, !isStopped else { return }
        lastProblem = problem
        logger.warning("router not followed", metadata: ["problem": "\(problem)"])
    }

    private func report(_ answer: String, to command: String) {
        let text = answer.split(whereSeparator: \.isNewline).joined(separator: " ")
        // Deleting waits for the last connection; that is no news.
        guard !text.isEmpty, !command.hasPrefix("add "), !command.hasPrefix("del ") else {
            logger.debug("router", metadata: ["command": "\(command)", "answer": "\(text)"])
            return
        }
        logger.warning("router refuses", metadata: ["command": "\(command)", "answer": "\(text)"])
    }
}
