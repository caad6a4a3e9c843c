import ClusterConfiguration
import HTTPServer
import Identifiers
import Leases
import Logging
import MatrixHTTP
import OutboundHTTP
import PasswordHashing
import Synchronization
import WorkerContracts
import WorkerRuntime

/// The client worker: everything of the client-server API except sync.
public final class ClientService: WorkerService {
    private let settings: ClientSettings
    private let member: ClusterMember
    private let logger: Logger
    private let served = Mutex<[(Route, HTTPListener.Handler)]>([])
    private let parts = Mutex<ClientParts?>(nil)
    private let reachability: WriterReachability

    /// - Throws: ``ConfigurationProblems`` when the server's name or signing key cannot be used.
    public init(configuration: WorkerConfiguration, logger: Logger) throws {
        settings = try ClientSettings(configuration)
        // Commands of many users wait for few room-writers: connections are cheap, transfers are what is bounded.
        var http = HTTPClient.Configuration()
        http.transfersMax = CostClass.write.inFlightMax + CostClass.light.inFlightMax
        member = ClusterMember(
            kind: .client, configuration: configuration, http: HTTPClient(configuration: http), logger: logger)
        reachability = WriterReachability(
            votes: UnreachableWriterVotes(voter: member.registry.id, database: member.database), logger: logger)
        self.logger = logger
    }

    /// Few at a time: a slow mail server or identity provider keeps those who ask for it waiting and nobody else.
    private static var outbound: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.transfersMax = 16
        configuration.connectionsMax = 4
        return configuration
    }

    /// The same for servers that users name: only at addresses that everybody may reach.
    private static var egress: HTTPClient.Configuration {
        var configuration = outbound
        configuration.addressPolicy = .publicOnly
        return configuration
    }

    public var publicRoutes: [(Route, HTTPListener.Handler)] { served.withLock { $0 } }
    public var internalRoutes: [(Route, HTTPListener.Handler)] { [] }

    public func start() async throws {
        let shardCount = try await member.join()
        let directory = ShardDirectory(database: member.database, logger: logger)
        let parts = ClientParts(
            settings: settings, shardCount: shardCount, database: member.database,
            writers: WriterClient(
                client: member.internalClient, routing: directory, reachability: reachability, logger: logger),
            hasher: PasswordHasher(), outboundClient: HTTPClient(configuration: Self.outbound),
            egress: HTTPClient(configuration: Self.egress), clock: .system, logger: logger)
        let callers = Callers(database: member.database)
        let routes = ClientEndpoints.all(parts).map { $0.served(by: callers) }
        served.withLock { $0 = routes }
        self.parts.withLock { $0 = parts }
    }

    public func announce(_ addresses: WorkerAddresses) async throws { try await member.announce(addresses) }
    public func run() async throws {
        let parts = parts.withLock { $0 }
        await withDiscardingTaskGroup { group in
            group.addTask { await self.member.run() }
            group.addTask { await self.reachability.run() }
            group.addTask { await parts?.run() }
            group.addTask { await parts?.runSteps() }
        }
    }
    public func beginDraining() async { await member.beginDraining() }
    /// Requests are short: they end by themselves.
    public func drain() async {}
    public func stop() async { await member.leave() }
}
