import ClusterConfiguration

/// What the router's configuration depends on besides the routes.
package struct RouterSettings: Sendable {
    /// Where clients connect.
    package var listen: ListenAddress
    /// Where the router's metrics are; `nil` for nowhere.
    package var operations: ListenAddress?
    /// The runtime socket through which servers come and go.
    package var socketPath: String
    /// The folder of the files that go with the configuration.
    package var directory: String
    /// Clients at once; each may take two files, and the process must be allowed that many.
    package var connectionsMax: Int
    /// Off in a cluster without initial-sync workers: first syncs then go to the sync workers.
    package var hasInitialPool: Bool

    /// Files the router needs besides its connections'.
    static let reservedFiles = 100
    /// Never more than this, however many files there are.
    static let connectionsCeiling = 20_000

    package init(
        listen: ListenAddress, operations: ListenAddress? = nil, socketPath: String, directory: String,
        connectionsMax: Int = 8_000, hasInitialPool: Bool = true
    ) {
        self.listen = listen
        self.operations = operations
        self.socketPath = socketPath
        self.directory = directory
        self.connectionsMax = connectionsMax
        self.hasInitialPool = hasInitialPool
    }

    /// The most connections a process that may open `files` files can promise: each client may need one to a worker.
    package static func connectionsMax(openFiles files: Int) -> Int {
        min(connectionsCeiling, max(64, (files - reservedFiles) / 2))
    }

    package var shedAnswerPath: String { directory + "/shed.http" }
}
