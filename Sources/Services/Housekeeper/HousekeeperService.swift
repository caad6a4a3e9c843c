import ClusterConfiguration
import HTTPServer
import Leases
import Logging
import ObjectStorage
import Storage
import WorkerContracts
import WorkerRuntime

/// The housekeeper: what has to be done some time, by anybody, without getting in the way.
public final class HousekeeperService: WorkerService {
    /// The connection that old partitions are dropped on.
    static let partitionConnections = 1

    private let member: ClusterMember
    private let runner: JobRunner

    /// - Throws: ``ConfigurationProblems`` when the object store's settings cannot be used.
    public init(configuration: WorkerConfiguration, logger: Logger) throws {
        member = ClusterMember(
            kind: .housekeeper, configuration: configuration, dedicatedConnections: Self.partitionConnections,
            logger: logger)
        let database = member.database
        let purge = EventPurge(database: database)
        let media = MediaStore(database: database)
        var jobs: [any HousekeepingJob] = [
            PartitionUpkeep(database: database),
            ExpiryJob(rows: ExpiredRows(database: database), clock: .system),
            PurgeJob(requests: PurgeRequestStore(database: database), purge: purge, clock: .system),
            RetentionJob(
                policy: RetentionPolicy(configuration.retention), rooms: RetentionStore(database: database),
                purge: purge, clock: .system),
            DeviceRemainsJob(remains: DeviceRemains(database: database)),
            MediaExpiryJob(media: media, previews: PreviewStore(database: database), clock: .system),
            MediaCacheJob(media: media, bytesMax: configuration.media.cacheBytesMax),
            MediaRetentionJob(
                media: media, remoteLife: configuration.media.remoteLife, localLife: configuration.media.localLife,
                clock: .system),
        ]
        // A cluster without media workers needs no store.
        if configuration.media.store != nil {
            jobs.append(
                MediaGarbageJob(
                    garbage: MediaGarbageStore(database: database), objects: try configuration.media.makeStore(),
                    clock: .system))
        }
        runner = JobRunner(
            jobs: jobs,
            leases: JobLeases(worker: member.registry.id, database: database), store: JobStore(database: database),
            pace: HousekeepingPace(database: database), logger: logger)
    }

    public var publicRoutes: [(Route, HTTPListener.Handler)] { [] }
    public var internalRoutes: [(Route, HTTPListener.Handler)] { [] }

    public func start() async throws { _ = try await member.join() }
    public func announce(_ addresses: WorkerAddresses) async throws { try await member.announce(addresses) }

    public func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.member.run() }
            group.addTask { try await self.runner.run() }
        }
    }

    public func beginDraining() async { await member.beginDraining() }
    public func drain() async { await runner.drain() }
    public func stop() async { await member.leave() }
}

extension RetentionPolicy {
    init(_ retention: WorkerConfiguration.Retention) {
        self.init(
            isEnabled: retention.isEnabled, defaultLifetime: retention.defaultLifetime,
            lifetimeMin: retention.lifetimeMin, lifetimeMax: retention.lifetimeMax)
    }
}
