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
    /// Networks of load balancers in front, whose word on whom they forward for is taken: limits count by address.
    package var trustedProxies: [String]

    /// Files the router needs besides its connections'.
    static let reservedFiles = 100
    /// Never more than this, however many files there are.
    static let connectionsCeiling = 20_000

    package init(
        listen: ListenAddress, operations: ListenAddress? = nil, socketPath: String, directory: String,
        connectionsMax: Int = 8_000, hasInitialPool: Bool = true,
        trustedProxies: [String] = []
    ) {
        self.listen = listen
        self.operations = operations
        self.socketPath = socketPath
        self.directory = directory
        self.connectionsMax = connectionsMax
        self.hasInitialPool = hasInitialPool
        self.trustedProxies = trustedProxies
    }

    /// The most connections a process that may open `files` files can promise: each client may need one to a worker.
    package static func connectionsMax(openFiles files: Int) -> Int {
        min(connectionsCeiling, max(64, (files - reservedFiles) / 2))
    }

    /// Whether `text` is an address or a network in the form that the router takes.
    package static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first, !address.isEmpty, parts.count <= 2 else { return false }
        let isAddress = address.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
            default: byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
            }
        }
        return isAddress && (parts.count == 1 || Int(parts[1]).map { (0...128).contains($0) } ?? false)
    }

    package var shedAnswerPath: String { directory + "/shed.http" }
}
