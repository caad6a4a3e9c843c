import ClusterConfiguration
import Foundation
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
    /// The longest the requests under way may take once the worker drains.
    static let inFlightWaitMax = Duration.seconds(30)
    static let tick = Duration.milliseconds(50)

    let configuration: WorkerConfiguration
    let service: any WorkerService
    let logger: Logger
    private let phase = PhaseHolder()

    /// Reads the configuration, makes the service and lives; exits the process.
    public static func main(
        _ makeService: (WorkerConfiguration, Logger) throws -> any WorkerService
    ) async -> Never {
        let configuration: WorkerConfiguration
        do {
            configuration = try WorkerConfiguration(environment: ProcessInfo.processInfo.environment)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(78)
        }
        LineLogHandler.install(
            level: Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info, worker: configuration.workerName)
        PrometheusMetrics.install()
        ProcessMetrics.install()
        let logger = Logger(label: configuration.workerName)
        do {
            let service = try makeService(configuration, logger)
            try await WorkerProcess(configuration: configuration, service: service, logger: logger).run()
            logger.info("stopped")
            exit(0)
        } catch {
            logger.critical("worker failed", metadata: ["error": "\(error)"])
            exit(1)
        }
    }

    func run() async throws {
        let signals = TerminationSignals()
        let connectionsMax = OpenFileLimit.connectionsMax(of: OpenFileLimit.apply(configuration.openFilesMax))
        let operationsGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let operations = listener(
            configuration.listenOperations, OperationsEndpoints(phase: phase).routes, isPublic: false, connectionsMax: 64,
            group: operationsGroup)
        let publicListener =
            service.publicRoutes.isEmpty
            ? nil
            : listener(configuration.listenPublic, service.publicRoutes, isPublic: true, connectionsMax: connectionsMax)
        let internalListener = listener(
            configuration.listenInternal, service.internalRoutes, isPublic: false, connectionsMax: connectionsMax,
            secret: configuration.clusterSecret)
        let listeners = [operations, internalListener] + [publicListener].compactMap { $0 }
        let groups = listeners.map { listener in
            ServiceGroup(
                configuration: .init(
                    services: [.init(service: ListenerService(listener: listener))], logger: logger))
        }
        try await withThrowingDiscardingTaskGroup { tasks in
            tasks.addTask { try await groups[0].run() }
            try await service.start()
            for group in groups.dropFirst() { tasks.addTask { try await group.run() } }
            let addresses = try await addresses(operations, internalListener, publicListener)
            let work = CancellableWork { try await service.run() }
            tasks.addTask { try await work.run() }
            try await service.announce(addresses)
            phase.enter(.ready)
            logger.info("ready", metadata: ["public": "\(addresses.publicAddress ?? "none")"])
            for await _ in signals.first { break }
            try await drain([publicListener, internalListener].compactMap { $0 }, work)
            for group in groups { await group.triggerGracefulShutdown() }
        }
        await service.stop()
        try await operationsGroup.shutdownGracefully()
    }

    private func drain(_ listeners: [HTTPListener], _ work: CancellableWork) async throws {
        logger.info("draining")
        phase.enter(.draining)
        await service.beginDraining()
        try await Task.sleep(for: configuration.drainDelay)
        for listener in listeners { listener.beginDraining() }
        await service.drain()
        let deadline = ContinuousClock.now + Self.inFlightWaitMax
        while listeners.contains(where: { $0.inFlight > 0 }), ContinuousClock.now < deadline {
            try await Task.sleep(for: Self.tick)
        }
        work.cancel()
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
