import ClusterConfiguration
import HTTPServer
import Leases
import Logging
import MatrixHTTP
import ObjectStorage
import Synchronization
import WorkerContracts
import WorkerRuntime

/// The media worker: files that users upload and look at.
public final class MediaService: WorkerService {
    private let settings: MediaSettings
    private let objects: any ObjectStore
    private let member: ClusterMember
    private let logger: Logger
    private let served = Mutex<[(Route, HTTPListener.Handler)]>([])

    /// - Throws: ``ConfigurationProblems`` when the server's name or the object store's settings cannot be used.
    public init(configuration: WorkerConfiguration, logger: Logger) throws {
        settings = try MediaSettings(configuration)
        objects = try configuration.media.makeStore()
        member = ClusterMember(kind: .media, configuration: configuration, logger: logger)
        self.logger = logger
    }

    public var publicRoutes: [(Route, HTTPListener.Handler)] { served.withLock { $0 } }
    public var internalRoutes: [(Route, HTTPListener.Handler)] { [] }
    /// A large file on a slow line comes to its end while the worker drains.
    public var inFlightWaitMax: Duration { .seconds(120) }

    public func start() async throws {
        _ = try await member.join()
        try await objects.spool.removeLeftOvers()
        let parts = MediaParts(
            settings: settings, database: member.database, objects: objects, remote: NoRemoteMedia(),
            thumbnailer: Thumbnailer(executable: try Thumbnailer.besideThisProcess()), clock: .system, logger: logger)
        let callers = Callers(database: member.database)
        let routes = MediaEndpoints.all(parts).map { $0.served(by: callers) }
        served.withLock { $0 = routes }
    }

    public func announce(_ addresses: WorkerAddresses) async throws { try await member.announce(addresses) }
    public func run() async throws { await member.run() }
    public func beginDraining() async { await member.beginDraining() }
    /// What is under way ends by itself.
    public func drain() async {}
    public func stop() async { await member.leave() }
}
