import ClusterConfiguration
import HTTPServer
import Leases
import Logging
import MatrixHTTP
import OutboundHTTP
import Synchronization
import WorkerContracts
import WorkerRuntime

/// The sync worker: what is new for clients, and long polls for what will be.
///
/// Workers of the `initial` pool answer the same requests; the router gives them those whose answers are large.
public final class SyncService: WorkerService {
    /// Over how long waiting polls are answered when the worker leaves, so that their clients do not come back at once.
    static let drainSpread = Duration.seconds(3)

    private let pool: WorkerConfiguration.Pool
    private let member: ClusterMember
    private let isStateSharingOn: Bool
    private let isFeedEnabled: Bool
    private let isPresenceOn: Bool
    private let initialBytesPerSecond: Int
    private let logger: Logger
    private let parts = Mutex<SyncParts?>(nil)

    public init(configuration: WorkerConfiguration, logger: Logger) {
        pool = configuration.pool
        let kind: WorkerKind =
            switch configuration.pool {
            case .sync: .sync
            case .initial: .initialSync
            }
        member = ClusterMember(kind: kind, configuration: configuration, logger: logger)
        isStateSharingOn = configuration.isStateSharingOn
        isFeedEnabled = configuration.isFeedEnabled
        isPresenceOn = configuration.isPresenceOn
        initialBytesPerSecond = configuration.initialSyncBytesPerSecond
        self.logger = logger
    }

    public var publicRoutes: [(Route, HTTPListener.Handler)] {
        guard let parts = started else { return [] }
        return SyncEndpoints.all(parts).map { $0.served(by: parts.callers) }
    }
    public var internalRoutes: [(Route, HTTPListener.Handler)] { [] }

    public func start() async throws {
        // A herd of first syncs takes all it can get; people who chat beside it are not to notice.
        if pool == .initial { lowerPriority() }
        _ = try await member.join()
        let directory = ShardDirectory(database: member.database, logger: logger)
        let made = SyncParts(
            database: member.database,
            writers: WriterClient(client: member.internalClient, routing: directory, logger: logger),
            isStateSharingOn: isStateSharingOn, pace: BytePace(bytesPerSecond: initialBytesPerSecond),
            isPresenceOn: isPresenceOn, logger: logger)
        try await made.tail.start()
        parts.withLock { $0 = made }
    }

    private func lowerPriority() {
        do {
            try ProcessPriority.lower()
        } catch {
            logger.notice("priority not lowered", metadata: ["error": "\(error)"])
        }
    }

    public func announce(_ addresses: WorkerAddresses) async throws { try await member.announce(addresses) }

    public func run() async throws {
        guard let parts = started else { preconditionFailure("a worker is started before it runs") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [member] in await member.run() }
            if isFeedEnabled { group.addTask { await self.member.listen { parts.apply($0) } } }
            group.addTask { try await parts.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    public func beginDraining() async { await member.beginDraining() }
    public func drain() async { await started?.drain(over: Self.drainSpread) }
    public func stop() async { await member.leave() }

    private var started: SyncParts? { parts.withLock { $0 } }
}
