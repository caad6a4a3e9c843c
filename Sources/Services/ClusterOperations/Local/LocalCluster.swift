import ClusterConfiguration
import FoundationEssentials
import Glibc
import HTTPServer
import Leases
import Logging
import OutboundHTTP
import Postgres
import Schema
import ServiceLifecycle

/// A whole cluster on this machine: PostgreSQL, the router, and workers of every kind, started, watched and ended.
///
/// It starts from below and ends from above: workers that answer clients drain first, then those they write to, then
/// the router, which refuses last and politely, then PostgreSQL.
package struct LocalCluster: Sendable {
    private let options: LocalClusterOptions
    private let routes: [Route]
    private let output: OutputLines
    private let logger: Logger
    private let stop: StopRequest

    /// - Parameters:
    ///   - routes: of all workers.
    ///   - stop: set it to end the cluster.
    package init(
        options: LocalClusterOptions, routes: [Route], output: OutputLines, logger: Logger, stop: StopRequest
    ) {
        self.options = options
        self.routes = routes
        self.output = output
        self.logger = logger
        self.stop = stop
    }

    /// The longest the router may take to finish what it has.
    static let routerStopMax = Duration.seconds(10)
    /// The longest PostgreSQL may take to end its sessions and write everything down.
    static let postgresStopMax = Duration.seconds(60)

    /// Runs until `stop` is set and everything has ended.
    ///
    /// - Parameter onReady: called once when every worker serves.
    /// - Throws: what kept it from starting.
    package func run(onReady: @Sendable (ControlAddress) -> Void) async throws {
        let state = try StateDirectory.take(options.statePath)
        var running = Running()
        let failure: (any Error)? = await withDiscardingTaskGroup(returning: (any Error)?.self) { group in
            var failure: (any Error)?
            do {
                onReady(try await start(in: state, &running, &group))
                await stop.wait()
            } catch is StopRequest.Stopped {
                // Asked to end before it had begun: no failure.
            } catch {
                failure = error
            }
            await end(running, state)
            group.cancelAll()
            return failure
        }
        if let failure { throw failure }
    }

    /// What has been started so far.
    private struct Running {
        var postgres: SupervisedProcess?
        var router: SupervisedProcess?
        var supervisor: WorkerSupervisor?
        var follower: RouterFollower?
        var control: ServiceGroup?
        var database: PostgresDatabase?
        var http: HTTPClient?
    }

    private func start(
        in state: StateDirectory, _ running: inout Running, _ group: inout DiscardingTaskGroup
    ) async throws -> ControlAddress {
        let databaseURL = try await startPostgres(state, &running, &group)
        let database = PostgresDatabase(configuration: PostgresConfiguration(url: databaseURL), logger: logger)
        running.database = database
        try await LocalPostgres.waitUntilReady(database, stop: stop)
        try await SchemaMigrations.migrate(
            database, serverName: options.serverName, shardCount: options.shardCount)
        try state.ensureSigningKey()
        _ = try state.clusterSecret()

        let router = try LocalRouter(routes: routes, state: state, options: options)
        try await router.check()
        let routerProcess = process("router", router.command)
        running.router = routerProcess
        group.addTask { await routerProcess.run() }
        try await router.waitUntilReady(stop: stop)

        let follower = RouterFollower(
            database: database, socket: router.socket, hasInitialPool: router.settings.hasInitialPool, logger: logger)
        running.follower = follower
        group.addTask { await follower.run() }
        let files = WorkerFiles(state: state, options: options)
        try files.write(
            databaseURL: databaseURL, publicURL: router.publicURL, sharedSecret: try state.secret("registration"))
        let supervisor = WorkerSupervisor(
            output: output, logger: logger, makeCommand: { files.command(for: $0, name: $1) },
            onEnd: { await follower.runEnded($0) }, onDrain: { await follower.runDrains($0) })
        running.supervisor = supervisor
        group.addTask { await supervisor.run() }
        let changes = ClusterChanges(supervisor: supervisor, follower: follower, database: database)
        group.addTask { await changes.run() }
        try await startWorkers(supervisor, changes)

        let http = HTTPClient()
        running.http = http
        let reader = LocalStatusReader(
            reader: StatusReader(database: database, http: http), supervisor: supervisor, follower: follower,
            url: router.publicURL)
        var control = ControlAddress(
            address: "", pid: getpid(), url: router.publicURL, databaseURL: databaseURL, serverName: options.serverName)
        let controlRoutes = ControlRoutes(changes: changes, stop: stop, readStatus: { try await reader.read() })
        control.address = try await listen(controlRoutes, secret: try state.clusterSecret(), &running, &group)
        try control.write(to: state)
        return control
    }

    private func startPostgres(
        _ state: StateDirectory, _ running: inout Running, _ group: inout DiscardingTaskGroup
    ) async throws -> String {
        if let url = options.databaseURL { return url }
        let postgres = try await LocalPostgres.prepare(
            in: state, connectionsMax: options.connectionsMax, settings: options.postgresSettings)
        let postgresProcess = process("postgres", postgres.command)
        running.postgres = postgresProcess
        group.addTask { await postgresProcess.run() }
        return postgres.url
    }

    private func startWorkers(_ supervisor: WorkerSupervisor, _ changes: ClusterChanges) async throws {
        let slots = ScalePlan(from: [], to: options.counts).start
        for slot in slots { await supervisor.start(slot) }
        let stop = stop
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for slot in slots { try await changes.awaitServing(slot, abandoning: false) }
            }
            group.addTask {
                while true { try await stop.pause(.seconds(60)) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func listen(
        _ routes: ControlRoutes, secret: String, _ running: inout Running, _ group: inout DiscardingTaskGroup
    ) async throws -> String {
        var listening = HTTPListener.Options()
        listening.isPublic = false
        listening.connectionsMax = 64
        listening.clusterSecret = secret
        let listener = HTTPListener(
            host: "127.0.0.1", port: 0, routes: routes.routes, options: listening, logger: logger)
        var quiet = logger
        quiet.logLevel = .error
        let service = ServiceGroup(
            configuration: .init(services: [.init(service: ControlService(listener: listener))], logger: quiet))
        running.control = service
        group.addTask { [logger] in
            do {
                try await service.run()
            } catch {
                logger.error("no commands are taken any more", metadata: ["error": "\(error)"])
            }
        }
        guard let address = await listener.boundAddress() else { throw LocalPostgres.Problem.noPort }
        return address
    }

    private func end(_ running: Running, _ state: StateDirectory) async {
        logger.info("draining")
        await running.supervisor?.drainAll([.client, .sync, .initialSync, .housekeeper, .media, .push])
        await running.supervisor?.drainAll([.roomWriter])
        await running.supervisor?.close()
        await running.follower?.stop()
        await running.router?.stop(SIGUSR1, within: Self.routerStopMax)
        await running.database?.shutdown()
        await running.control?.triggerGracefulShutdown()
        running.http?.shutdown()
        // SIGINT ends sessions and shuts down cleanly; SIGTERM would wait for whoever is connected.
        await running.postgres?.stop(SIGINT, within: Self.postgresStopMax)
        // Missing when the cluster did not come to be.
        try? ControlAddress.remove(from: state)
    }

    private func process(_ label: String, _ command: ProcessCommand) -> SupervisedProcess {
        SupervisedProcess(
            label: label, output: output, logger: logger,
            makeLaunch: { SupervisedProcess.Launch(name: label, command: command) })
    }
}

/// The listener of commands as a lifecycle service, so that it can be ended gracefully.
private struct ControlService: Service {
    let listener: HTTPListener
    func run() async throws { try await listener.run() }
}
