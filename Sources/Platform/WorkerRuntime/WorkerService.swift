import HTTPServer

/// What a worker does between start and drain; every worker has this shape.
///
/// The order of calls: ``start()``, then the routes once, then ``run()`` until cancelled, with the listeners serving ``publicRoutes`` and
/// ``internalRoutes`` meanwhile; on SIGTERM ``beginDraining()``, then ``drain()``, then the end of ``run()``.
public protocol WorkerService: Sendable {
    var publicRoutes: [(Route, HTTPListener.Handler)] { get }
    var internalRoutes: [(Route, HTTPListener.Handler)] { get }

    /// Connects and loads what is needed before the first request; may take until the database is there.
    func start() async throws

    /// The longest the requests under way may take once the worker drains.
    var inFlightWaitMax: Duration { get }

    /// Says in the registry where this worker is and that it is ready; called when every listener accepts.
    func announce(_ addresses: WorkerAddresses) async throws

    /// Tails, renews, ticks: everything that goes on beside requests; ends when cancelled.
    func run() async throws

    /// Says in the registry that no new work is wanted; called at once on SIGTERM.
    func beginDraining() async

    /// Lets go of leases and parked requests; called after the router has had time to look away.
    func drain() async

    /// Last: forget the registry row, close connections.
    func stop() async
}

extension WorkerService {
    /// Enough for all but large bodies.
    public var inFlightWaitMax: Duration { .seconds(30) }
}

/// Where a worker listens, as others reach it.
public struct WorkerAddresses: Sendable {
    public let publicAddress: String?
    public let internalAddress: String
    public let operationsAddress: String

    public init(publicAddress: String?, internalAddress: String, operationsAddress: String) {
        self.publicAddress = publicAddress
        self.internalAddress = internalAddress
        self.operationsAddress = operationsAddress
    }
}
