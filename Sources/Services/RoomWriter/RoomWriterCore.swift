import HTTPServer
import Identifiers
import Leases
import Logging
import OutboundHTTP
import Postgres
import ReplicationLog
import Signing
import Storage
import Synchronization
import Telemetry
import WorkerContracts

/// A room-writer without its place in the cluster: the shards it is given, its feed, who types and who is there.
package final class RoomWriterCore: Sendable {
    /// The most connections it opens for commits.
    package static let connectionsMax = CommitConnections.countMax
    /// Commands that wait in one room, or for one user.
    package static let queuedPerRoomMax = ShardWriter.queuedPerRoomMax

    private let host: ShardHost
    private let connections: CommitConnections
    private let jobs: JobQueue
    private let budget: RoomBudget
    private let delays: DelayedSender
    package let hub: FeedHub
    let typing: TypingBoard
    let presence: PresenceBoard

    /// - Parameters:
    ///   - worker: this run of this writer; its committing sessions are named for it.
    ///   - roomBytesMax: about what rooms in memory may take together.
    ///   - resolutions: what state is resolved on.
    ///   - isPresenceOn: whether anybody's presence is known.
    ///   - egress: what policy servers are asked with, at addresses that users name; `nil`: a client of its own.
    ///   - serverScheme: how other servers are spoken to; only tests have some without TLS.
    package init(
        worker: WorkerID, database: PostgresDatabase, server: ServerName, key: SigningKey,
        roomBytesMax: Int = RoomBudget.bytesMaxDefault, resolutions: ResolutionThreads = ResolutionThreads(),
        isPresenceOn: Bool = true, egress: HTTPClient? = nil, serverScheme: String = "https", logger: Logger
    ) {
        let rooms = RoomEnvironment(server: server, key: key)
        let results = CommandResults(database: database)
        let metrics = WriterMetrics()
        let budget = RoomBudget(bytesMax: roomBytesMax)
        self.budget = budget
        let hostSlot = HostSlot()
        hub = FeedHub()
        typing = TypingBoard(boot: worker.text, hub: hub)
        presence = PresenceBoard(
            boot: worker.text, hub: hub, store: isPresenceOn ? UserActivityStore(database: database) : nil,
            logger: logger)
        let egress = egress ?? HTTPClient(configuration: Self.egress)
        let policies = PolicyServers(
            environment: rooms, facts: RoomFacts(database: database), client: egress,
            addresses: ServerAddresses(client: egress, scheme: serverScheme), logger: logger)
        jobs = JobQueue()
        connections = CommitConnections(database: database, worker: worker)
        let environment = ShardEnvironment(
            rooms: rooms,
            loader: RoomLoader(
                database: database, environment: rooms, results: results, resolutions: resolutions, policies: policies),
            results: results, hub: hub, typing: typing, presence: presence, jobs: jobs,
            train: CommitTrain(connections: connections),
            budget: budget, metrics: metrics, logger: logger, evict: { hostSlot.evict($0) })
        host = ShardHost(worker: worker, database: database, connections: connections, environment: environment)
        hostSlot.set(host)
        delays = DelayedSender(store: DueEventStore(database: database), host: host, logger: logger)
        PrometheusMetrics.shared.beforeReading {
            metrics.record()
            budget.record()
        }
    }

    /// Few connections, and only to addresses that everybody may reach: users name the servers.
    private static var egress: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.addressPolicy = .publicOnly
        configuration.transfersMax = 64
        configuration.connectionsMax = 16
        return configuration
    }

    /// Who the leases tell what is owned.
    package var owner: any ShardOwning { host }
    /// How many shards are served now.
    package var shardCount: Int { host.count }
    package var roomsInMemory: Int { budget.count }

    /// Has a command take effect in a shard, if it is owned here.
    package func execute(_ envelope: CommandEnvelope, in shard: ShardID) async -> WriterReply {
        await host.execute(envelope, in: shard)
    }

    /// What other workers may ask.
    ///
    /// - Parameter hasFeed: whether the feed is among it.
    package func routes(hasFeed: Bool) -> [(Route, HTTPListener.Handler)] {
        let commands = CommandEndpoint(host: host)
        let feed = FeedEndpoint(hub: hub, boards: [typing, presence])
        var routes: [(Route, HTTPListener.Handler)] = [
            (CommandEndpoint.route, { try await commands.respond(to: $0) })
        ]
        if hasFeed { routes.append((FeedEndpoint.route, { _ in feed.respond() })) }
        return routes
    }

    /// Begins a feed with the state there is; to be given back to ``hub``.
    package func openFeed() -> (listener: FeedListener, number: UInt64) { hub.open([typing, presence]) }

    /// Commits, sends delayed events, and minds the feed, typing and presence, until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.jobs.run() }
            group.addTask { await self.hub.run() }
            group.addTask { await self.typing.run() }
            group.addTask { await self.presence.run() }
            group.addTask { await self.delays.run() }
        }
    }

    /// Ends the feeds and the connections for commits.
    package func close() async {
        hub.close()
        await connections.close()
    }
}

/// Where rooms over the budget find the host that is made after what they are made with.
private final class HostSlot: Sendable {
    private let host = Mutex<ShardHost?>(nil)

    func set(_ host: ShardHost) { self.host.withLock { $0 = host } }
    func evict(_ keys: [RoomBudget.Key]) { host.withLock { $0 }?.evict(keys) }
}
