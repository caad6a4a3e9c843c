import ClusterConfiguration
import Leases
import Logging
import OutboundHTTP
import Postgres
import Schema
import WorkerRuntime

/// A worker's place in the cluster: its database, its row in the registry, and the way to other workers.
///
/// Every kind of worker joins, announces itself, stays and leaves alike; what it does meanwhile is its service's.
public struct ClusterMember: Sendable {
    /// How long to wait before the database is asked again at start-up.
    static let joinPause = Duration.milliseconds(250)
    /// How many times the database is asked before the log says so again.
    static let joinRemindEvery = 20
    /// How often new log partitions are made and the feature level is raised.
    static let upkeepInterval = Duration.seconds(600)

    public let database: PostgresDatabase
    public let registry: WorkerRegistry
    /// Requests to other workers.
    public let internalClient: InternalClient
    private let http: HTTPClient
    private let serverName: String
    private let connectionsMax: Int
    let logger: Logger

    /// - Parameters:
    ///   - dedicatedConnections: the most connections the worker opens besides its shared ones and its transactions'.
    ///   - http: what ``internalClient`` sends with.
    ///   - adjust: changes to how the worker connects, such as what to do when a connection is made again.
    public init(
        kind: WorkerKind, configuration: WorkerConfiguration, dedicatedConnections: Int = 0,
        http: HTTPClient = HTTPClient(), logger: Logger, adjust: (inout PostgresConfiguration) -> Void = { _ in }
    ) {
        var postgres = PostgresConfiguration(url: configuration.databaseURL.exposed)
        postgres.applicationName = configuration.workerName
        postgres.sharedConnections = configuration.databaseSharedConnections
        postgres.transactionConnectionsMax = configuration.databaseTransactionConnectionsMax
        adjust(&postgres)
        database = PostgresDatabase(configuration: postgres, logger: logger)
        registry = WorkerRegistry(
            id: WorkerID(name: configuration.workerName), kind: kind, version: BuildVersion.current, database: database,
            logger: logger)
        self.http = http
        internalClient = InternalClient(http: http, secret: configuration.clusterSecret.exposed)
        serverName = configuration.serverName
        connectionsMax = postgres.sharedConnections + postgres.transactionConnectionsMax + dedicatedConnections
        self.logger = logger
    }

    /// Waits for a database with this build's schema and reserves the worker's connections.
    ///
    /// - Returns: over how many shards rooms and users are placed.
    /// - Throws: when the database is another server's or too new, or the connections do not fit.
    public func join() async throws -> Int {
        var attempt = 0
        while true {
            let obstacle: String
            do {
                switch try await ClusterSchema.look(at: database, serverName: serverName) {
                case .usable(let shardCount):
                    try await registry.reserve(connections: connectionsMax)
                    return shardCount
                case .notMigrated(let version):
                    obstacle = "its schema is version \(version); this build needs \(SchemaMigrations.versionMax)"
                }
            } catch let error as PostgresError {
                obstacle = "\(error)"
            }
            if attempt % Self.joinRemindEvery == 0 {
                logger.warning("waiting for the database", metadata: ["obstacle": "\(obstacle)"])
            }
            attempt += 1
            try await Task.sleep(for: Self.joinPause)
        }
    }

    /// Says in the registry where this worker is and that it is ready.
    public func announce(_ addresses: WorkerAddresses) async throws {
        try await registry.register(
            phase: WorkerPhase.ready.rawValue, publicAddress: addresses.publicAddress,
            internalAddress: addresses.internalAddress, operationsAddress: addresses.operationsAddress)
    }

    /// Keeps the registry row fresh and does the upkeep any worker may do; ends when cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await registry.run() }
            group.addTask { await keepUp() }
        }
    }

    /// Says in the registry that no new work is wanted.
    public func beginDraining() async {
        do {
            try await registry.enterDraining()
        } catch {
            // The router and the other workers see it by `/ready` and by refusals instead.
            logger.warning("draining is not in the registry", metadata: ["error": "\(error)"])
        }
    }

    /// Forgets the registry row and closes every connection.
    public func leave() async {
        do {
            try await registry.remove()
        } catch {
            logger.warning("the registry row stays until it is too old", metadata: ["error": "\(error)"])
        }
        await database.shutdown()
        http.shutdown()
    }

    private func keepUp() async {
        await repeatUntilCancelled(every: Self.upkeepInterval) {
            do {
                try await LogTablePartitions.ensure(on: database)
                try await FeatureLevel.raise(in: database)
            } catch {
                logger.warning("upkeep not done, tried again later", metadata: ["error": "\(error)"])
            }
        }
    }
}
