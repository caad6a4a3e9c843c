import ClusterConfiguration
import FoundationEssentials
import Glibc
import HTTPServer
import Logging
import NIOPosix
import ServiceLifecycle
import Telemetry

/// A worker's life from start to exit, the same for every kind.
///
/// Draining goes by what the router can see: first `/ready` answers 404 and the registry says so, then there is time for
/// the router to look away, then leases and parked requests are let go, then what is under way ends, then the ports
/// close. A request is never refused because its worker is leaving.
public struct WorkerProcess: Sendable {
    /// The longest connections may take to close when nothing is under way any more; then they are cut.
    static let closeMax = Duration.seconds(5)
    static let tick = Duration.milliseconds(50)

    let configuration: WorkerConfiguration
    let service: any WorkerService
    let logger: Logger
    private let phase = PhaseHolder()

    /// Reads the configuration, makes the service and lives; exits the process.
    public static func main(
        _ makeService: @Sendable (WorkerConfiguration, Logger) throws -> any WorkerService
    ) async -> Never {
        let configuration: WorkerConfiguration
        do {
            configuration = try WorkerConfiguration(environment: ProcessInfo.processInfo.environment)
        } catch {
            // There is nobody to tell when this cannot be written.
            _ = Array("\(error)\n".utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            exit(78)
        }
        LineLogHandler.install(
            level: Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info, worker: configuration.workerName)
        PrometheusMetrics.install()
        ProcessMetrics.install()
        let logger = Logger(label: configuration.workerName)
        let signals = TerminationSignals.shared
        let service: any WorkerService
        do {
            service = try makeService(configuration, logger)
        } catch {
            logger.critical("the configuration cannot be used", metadata: ["error": "\(error)"])
            exit(78)
        }
        do {
            try await WorkerProcess(configuration: configuration, service: service, logger: logger)
                .run(until: signals.first)
            logger.info("stopped")
            exit(0)
        } catch {
            logger.critical("worker failed", metadata: ["error": "\(error)"])
            exit(1)
        }
    }

    package init(configuration: WorkerConfiguration, service: any WorkerService, logger: Logger) {
        self.configuration = configuration
        self.service = service
        self.logger = logger
    }

    /// Lives until `stopSignal` says to drain, and for as long as that takes.
    package func run(until stopSignal: AsyncStream<Void>) async throws {
        let connectionsMax = OpenFileLimit.connectionsMax(of: OpenFileLimit.apply(configuration.openFilesMax))
        let operationsGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let operations = listener(
            configuration.listenOperations, OperationsEndpoints(phase: phase).routes, isPublic: false,
            connectionsMax: 64,
            group: operationsGroup)
        let (stopRequested, stopContinuation) = AsyncStream.makeStream(of: Void.self)
        let startup = CancellableWork { [service] in try await service.start() }
        try await withThrowingDiscardingTaskGroup { tasks in
            let operationsService = lifecycle(of: operations)
            tasks.addTask { try await operationsService.run() }
            tasks.addTask {
                // Ends by a signal, or by the group's cancellation when one of its tasks fails.
                for await _ in stopSignal { break }
                startup.cancel()
                stopContinuation.finish()
            }
            // What a service serves may depend on what it finds in the database.
            if try await startup.run() == .finished {
                try await serve(beside: operations, until: stopRequested, connectionsMax, &tasks)
            }
            phase.enter(.draining)
            await operationsService.triggerGracefulShutdown()
        }
        await service.stop()
        try await operationsGroup.shutdownGracefully()
    }

    /// Serves from start to drain.
    private func serve(
        beside operations: HTTPListener, until stopRequested: AsyncStream<Void>, _ connectionsMax: Int,
        _ tasks: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        let publicListener = publicListener(connectionsMax: connectionsMax)
        let internalListener = listener(
            configuration.listenInternal, service.internalRoutes, isPublic: false, connectionsMax: connectionsMax,
            secret: configuration.clusterSecret)
        let listeners = [publicListener, internalListener].compactMap { $0 }
        let groups = listeners.map(lifecycle)
        for group in groups { tasks.addTask { try await group.run() } }
        let addresses = try await addresses(operations, internalListener, publicListener)
        let work = CancellableWork { [service] in try await service.run() }
        tasks.addTask { try await work.run() }
        try await service.announce(addresses)
        phase.enter(.ready)
        logger.info("ready", metadata: ["public": "\(addresses.publicAddress ?? "none")"])
        for await _ in stopRequested {}
        try await drain(listeners, work)
        for group in groups { await group.triggerGracefulShutdown() }
    }

    private func drain(_ listeners: [HTTPListener], _ work: CancellableWork) async throws {
        logger.info("draining")
        phase.enter(.draining)
        await service.beginDraining()
        try await Task.sleep(for: configuration.drainDelay)
        for listener in listeners { listener.beginDraining() }
        await service.drain()
        let deadline = ContinuousClock.now + service.inFlightWaitMax
        while listeners.contains(where: { $0.inFlight > 0 }), ContinuousClock.now < deadline {
            try await Task.sleep(for: Self.tick)
        }
        work.cancel()
    }

    /// A worker without public routes has no public port.
    private func publicListener(connectionsMax: Int) -> HTTPListener? {
        let routes = service.publicRoutes
        guard !routes.isEmpty else { return nil }
        return listener(configuration.listenPublic, routes, isPublic: true, connectionsMax: connectionsMax)
    }

    private func lifecycle(of listener: HTTPListener) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: ListenerService(listener: listener))], logger: logger)
        configuration.maximumGracefulShutdownDuration = Self.closeMax
        return ServiceGroup(configuration: configuration)
    }

    private func listener(
        _ address: ListenAddress, _ routes: [(Route, HTTPListener.Handler)], isPublic: Bool, connectionsMax: Int,
        secret: Secret? = nil, group: MultiThreadedEventLoopGroup = .singleton
    ) -> HTTPListener {
        var options = HTTPListener.Options()
        options.isPublic = isPublic
        options.connectionsMax = connectionsMax
        options.clusterSecret = secret?.exposed
        return HTTPListener(
            host: address.host, port: address.port, routes: routes, options: options, group: group, logger: logger)
    }

    private func addresses(
        _ operations: HTTPListener, _ internalListener: HTTPListener, _ publicListener: HTTPListener?
    ) async throws -> WorkerAddresses {
        guard let operationsAddress = await operations.boundAddress(),
            let internalAddress = await internalListener.boundAddress()
        else { throw WorkerFailure.cannotListen }
        var publicAddress: String?
        if let publicListener {
            publicAddress = await publicListener.boundAddress()
            guard publicAddress != nil else { throw WorkerFailure.cannotListen }
        }
        return WorkerAddresses(
            publicAddress: publicAddress, internalAddress: internalAddress, operationsAddress: operationsAddress)
    }
}

/// Why a worker ends at once.
enum WorkerFailure: Error, CustomStringConvertible {
    case cannotListen
    var description: String { "a listening address cannot be bound" }
}

/// A listener as a lifecycle service, so that graceful shutdown reaches it.
private struct ListenerService: Service {
    let listener: HTTPListener
    func run() async throws { try await listener.run() }
}
