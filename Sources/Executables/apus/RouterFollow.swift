import ArgumentParser
import ClusterOperations
import Logging
import Telemetry
import WorkerRuntime

/// Keeps a router's pools as the registry says, beside a router in a container of its own.
struct RouterFollow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "router-follow", abstract: "Keeps a router's pools as the registry says, until it is ended.")

    @Option(help: "The cluster's database.")
    var databaseURL: String
    @Option(help: "HAProxy's runtime socket.")
    var socket = "/run/apus/haproxy.sock"
    @Flag(help: "The cluster has no workers of the initial pool.")
    var withoutInitialPool = false

    func run() async throws {
        LineLogHandler.install(level: .notice, worker: "router-follow")
        let signals = TerminationSignals.shared
        try await OperatorDatabase.with(url: databaseURL) { database in
            let follower = RouterFollower(
                database: database, socket: RouterSocket(path: socket), hasInitialPool: !withoutInitialPool,
                logger: Logger(label: "router-follow"))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await follower.run() }
                group.addTask { for await _ in signals.first {} }
                await group.next()
                group.cancelAll()
            }
        }
    }
}
