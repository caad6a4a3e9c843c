import ClusterConfiguration
import HTTPServer
import Identifiers
import Leases
import Logging
import Postgres
import WorkerContracts
import WorkerRuntime

/// The room-writer: the only worker that appends to the log.
///
/// It takes commands for the shards it has leased, and streams hints, typing and presence to those who tail the log.
public final class RoomWriterService: WorkerService {
    /// How long a new writer waits for its first shard before it says that it is ready all the same.
    static let firstShardWaitMax = Duration.seconds(3)
    /// Connections of the leases.
    static let leaseConnections = 2

    private let member: ClusterMember
    private let core: RoomWriterCore
    private let leases: ShardLeases
    private let isFeedEnabled: Bool
    private let logger: Logger
    private let reconnects: AsyncStream<Void>
    private let announced: AsyncStream<Void>
    private let announcing: AsyncStream<Void>.Continuation

    /// - Throws: ``ConfigurationProblems`` when the server's name or signing key cannot be used.
    public init(configuration: WorkerConfiguration, logger: Logger) throws {
        var problems: [String] = []
        guard let identity = ServerIdentity(configuration, &problems) else {
            throw ConfigurationProblems(problems: problems)
        }
        let (reconnects, reconnected) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        member = ClusterMember(
            kind: .roomWriter, configuration: configuration,
            dedicatedConnections: RoomWriterCore.connectionsMax + Self.leaseConnections,
            logger: logger
        ) { $0.onConnect = { reconnected.yield() } }
        core = RoomWriterCore(
            worker: member.registry.id, database: member.database, server: identity.name, key: identity.key,
            isPresenceOn: configuration.isPresenceOn, logger: logger)
        leases = ShardLeases(
            worker: member.registry.id, database: member.database, owner: core.owner, logger: logger)
        isFeedEnabled = configuration.isFeedEnabled
        self.logger = logger
        self.reconnects = reconnects
        (announced, announcing) = AsyncStream.makeStream()
    }

    public var publicRoutes: [(Route, HTTPListener.Handler)] { [] }
    public var internalRoutes: [(Route, HTTPListener.Handler)] { core.routes(hasFeed: isFeedEnabled) }

    public func start() async throws { _ = try await member.join() }

    /// Ready is who may serve: registered, so that commands find the way, and with shards, when there are any to have.
    public func announce(_ addresses: WorkerAddresses) async throws {
        try await member.announce(addresses)
        announcing.finish()
        let deadline = ContinuousClock.now + Self.firstShardWaitMax
        while core.shardCount == 0, ContinuousClock.now < deadline { try await Task.sleep(for: ShardLeases.tick / 2) }
    }

    public func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.member.run() }
            group.addTask { await self.core.run() }
            group.addTask { await self.checkServers() }
            group.addTask {
                // Nobody finds the owner of a shard before it is registered.
                for await _ in self.announced {}
                try await self.leases.run()
            }
        }
    }

    public func beginDraining() async { await member.beginDraining() }
    public func drain() async {
        await leases.drain()
        // A feed has no end of its own: the listener would wait for it.
        core.hub.close()
    }

    public func stop() async {
        await core.close()
        await member.leave()
    }

    /// A connection that is made again may lead to another server than before, one that has lost something.
    private func checkServers() async {
        for await _ in reconnects {
            do {
                try await ClusterGeneration.check(member.database, logger: logger)
            } catch {
                // Claims and recoveries are refused until it is known, and ask again themselves.
                logger.warning("the server's history is not checked", metadata: ["error": "\(error)"])
            }
        }
    }
}
