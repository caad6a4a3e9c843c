import ClusterConfiguration
import HTTPServer
import Leases
import Logging
import OutboundHTTP
import Synchronization
import WorkerContracts
import WorkerRuntime

/// The push worker: tells push gateways what people's devices have to know.
public final class PushService: WorkerService {
    private let member: ClusterMember
    private let gateways: HTTPClient
    /// The operator names it: it may be anywhere.
    private let mailServer: HTTPClient
    private let mail: MailDigestSettings?
    private let isFeedEnabled: Bool
    private let logger: Logger
    private let parts = Mutex<PushParts?>(nil)

    /// - Throws: ``ConfigurationProblems`` when mail is configured in a way that cannot be used.
    public init(configuration: WorkerConfiguration, logger: Logger) throws {
        mail = try MailDigestSettings(configuration)
        member = ClusterMember(kind: .push, configuration: configuration, logger: logger)
        var http = HTTPClient.Configuration()
        // Whoever sets a pusher names its gateway.
        http.addressPolicy = configuration.allowsPrivateGateways ? .any : .publicOnly
        gateways = HTTPClient(configuration: http)
        mailServer = HTTPClient()
        isFeedEnabled = configuration.isFeedEnabled
        self.logger = logger
    }

    public var publicRoutes: [(Route, HTTPListener.Handler)] { [] }
    public var internalRoutes: [(Route, HTTPListener.Handler)] { [] }

    public func start() async throws {
        _ = try await member.join()
        let registry = member.registry
        let made = PushParts(
            worker: registry.id, database: member.database,
            workers: {
                let all = await registry.workers()
                let own = all.filter { $0.isA(.push) && !$0.phase.utf8.elementsEqual("draining".utf8) }
                return Set(own.map(\.id.text))
            }, gateways: gateways, mail: mail, mailServer: mailServer, logger: logger)
        try await made.tail.start()
        parts.withLock { $0 = made }
    }

    public func announce(_ addresses: WorkerAddresses) async throws { try await member.announce(addresses) }

    public func run() async throws {
        guard let parts = parts.withLock({ $0 }) else { preconditionFailure("a worker is started before it runs") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [member] in await member.run() }
            if isFeedEnabled {
                group.addTask { [member] in
                    await member.listen { event in
                        if case .message(.shardMoved, _) = event { parts.tail.hint() }
                    }
                }
            }
            group.addTask { try await parts.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    public func beginDraining() async { await member.beginDraining() }
    public func drain() async { await parts.withLock { $0 }?.drain() }

    public func stop() async {
        gateways.shutdown()
        mailServer.shutdown()
        await member.leave()
    }
}
