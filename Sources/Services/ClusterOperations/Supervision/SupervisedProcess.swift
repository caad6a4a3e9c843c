import Glibc
import Logging

/// Keeps one process running until it is stopped.
package actor SupervisedProcess {
    /// One start of the process: the name of the run and what to execute.
    package struct Launch: Sendable {
        package let name: String
        package let command: ProcessCommand

        package init(name: String, command: ProcessCommand) {
            self.name = name
            self.command = command
        }
    }

    /// The run there is now.
    package struct Run: Sendable, Equatable {
        package let name: String
        package let pid: Int32
        package let startedAt: ContinuousClock.Instant
    }

    /// `EX_CONFIG`: started again it would say the same.
    package static let configurationExit = ProcessExit.exited(78)

    /// What the log calls it.
    package nonisolated let label: String
    private let output: OutputLines
    private let makeLaunch: @Sendable () -> Launch
    private let onEnd: @Sendable (_ run: String) async -> Void
    private let logger: Logger
    private var child: ChildProcess?
    private var isStopping = false
    private var policy = RestartPolicy()
    package private(set) var current: Run?
    package private(set) var restarts = 0
    package private(set) var lastExit: ProcessExit?

    /// - Parameters:
    ///   - makeLaunch: asked at each start, so that every run can have a name of its own.
    ///   - onEnd: called with a run's name as soon as its process has ended, however it did.
    package init(
        label: String, output: OutputLines, logger: Logger, makeLaunch: @escaping @Sendable () -> Launch,
        onEnd: @escaping @Sendable (_ run: String) async -> Void = { _ in }
    ) {
        self.label = label
        self.output = output
        self.logger = logger
        self.makeLaunch = makeLaunch
        self.onEnd = onEnd
    }

    /// Whether it ended in a way that another start cannot mend.
    package var isHopeless: Bool { current == nil && lastExit == Self.configurationExit }

    /// Starts the process, and again whenever it ends, until ``stop(_:within:)``.
    package func run() async {
        while !isStopping {
            let startedAt = ContinuousClock.now
            await runOnce(startedAt)
            guard !isStopping, !Task.isCancelled else { return }
            let pause = policy.pause(afterRunOf: .now - startedAt)
            restarts += 1
            logger.warning(
                "restarting",
                metadata: ["process": "\(label)", "ended": "\(lastExit?.description ?? "?")", "pause": "\(pause)"])
            // Cancellation ends the wait; the loop's condition is looked at either way.
            try? await Task.sleep(for: pause)
        }
    }

    /// Asks the process to end, and kills it when it has not within `limit`.
    ///
    /// - Returns: how it ended; `nil` when it was not running.
    @discardableResult
    package func stop(_ signal: Int32 = SIGTERM, within limit: Duration) async -> ProcessExit? {
        isStopping = true
        guard let child else { return nil }
        child.send(signal)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { [logger, label] in
                do { try await Task.sleep(for: limit) } catch { return }
                logger.error("killed, because it did not end", metadata: ["process": "\(label)", "after": "\(limit)"])
                child.send(SIGKILL)
            }
            let exit = await child.exit()
            group.cancelAll()
            return exit
        }
    }

    private func runOnce(_ startedAt: ContinuousClock.Instant) async {
        let launch = makeLaunch()
        let started: ChildProcess
        do {
            started = try await ChildProcess.start(launch.command) { [output, label] in output.write($0, from: label) }
        } catch {
            logger.error("not started", metadata: ["process": "\(label)", "error": "\(error)"])
            return
        }
        child = started
        current = Run(name: launch.name, pid: started.pid, startedAt: startedAt)
        // It was told to stop before there was anything to tell.
        if isStopping { started.send(SIGTERM) }
        let exit = await started.exit()
        child = nil
        current = nil
        lastExit = exit
        await onEnd(launch.name)
    }
}
