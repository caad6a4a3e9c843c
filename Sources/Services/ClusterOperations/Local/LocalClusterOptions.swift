import ClusterConfiguration

/// What `apus up` is asked for.
package struct LocalClusterOptions: Sendable {
    /// The state folder.
    package var statePath = ".apus"
    /// Where clients connect; port 0 lets the system choose.
    package var listen = ListenAddress(host: "127.0.0.1", port: 8_008)
    package var counts = WorkerCounts([
        .client: 2, .sync: 2, .initialSync: 1, .roomWriter: 2, .housekeeper: 1, .media: 1, .push: 1,
    ])
    package var serverName = "localhost"
    package var shardCount = 64
    /// Another PostgreSQL, or a proxy in front of one; `nil` for a private one.
    package var databaseURL: String?
    package var registration = WorkerConfiguration.RegistrationMode.open
    /// Settings of the workers, `key` and value as in their configuration.
    package var workerSettings: [(key: String, value: String)] = []
    /// Settings of the private PostgreSQL, `name=value`.
    package var postgresSettings: [String] = []
    /// The folder with the workers' executables.
    package var executables: String

    package init(executables: String) { self.executables = executables }

    /// Seconds a worker keeps serving after it said that it drains: the router follows within a round.
    static let drainDelaySeconds = 1
    /// Connections of one worker to PostgreSQL at most: shared, for transactions, and its own.
    static let connectionsPerWorker = 24
    /// Workers beyond those asked for that a private PostgreSQL has room for: scaling and rolling.
    static let spareWorkers = 8

    /// `max_connections` of a private PostgreSQL.
    var connectionsMax: Int {
        let workers = counts.counts.values.reduce(0, +) + Self.spareWorkers
        return max(200, workers * Self.connectionsPerWorker)
    }
}
