import ArgumentParser
import ClusterConfiguration
import ClusterOperations
import Foundation
import Logging
import Telemetry
import WorkerRuntime

/// Starts a whole cluster on this machine and watches over it.
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts a cluster on this machine: PostgreSQL, workers and the router; Ctrl-C drains it.")

    @OptionGroup var cluster: UpOptions

    func run() async throws {
        LineLogHandler.install(level: .notice, worker: "apus")
        let options = try cluster.options()
        let output = OutputLines()
        let stop = StopRequest()
        let signals = TerminationSignals.shared
        let local = LocalCluster(
            options: options, routes: Routes.all, output: output, logger: Logger(label: "apus"), stop: stop)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in signals.first { stop.set() }
                return false
            }
            group.addTask {
                try await local.run { control in Self.welcome(control, options, output) }
                return true
            }
            while let hasEnded = try await group.next(), !hasEnded {}
            group.cancelAll()
        }
    }

    private static func welcome(_ control: ControlAddress, _ options: LocalClusterOptions, _ output: OutputLines) {
        output.say(
            """

            Apus is up: \(control.url)  (\(options.counts))

              Point a Matrix client at \(control.url), or make a user first:
                .build/release/apus user create alice
              See the workers, scale them, replace them one by one:
                .build/release/apus status
                .build/release/apus scale sync=3
                .build/release/apus roll
              Ctrl-C drains everything and ends it.

            """)
        output.say("apus: ready url=\(control.url) state=\(StateDirectory.absolutePath(options.statePath))")
    }
}
