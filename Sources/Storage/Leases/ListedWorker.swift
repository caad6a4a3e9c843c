import Postgres

/// A row of the registry with everything in it, for those who look after the cluster.
public struct ListedWorker: Sendable, Hashable {
    public let id: WorkerID
    public let kind: String
    public let version: String
    public let phase: String
    /// `host:port`; `nil` for a worker that serves no clients, empty addresses for one that starts.
    public let publicAddress: String?
    public let internalAddress: String
    public let operationsAddress: String
    public let connectionsMax: Int
    /// By the database's clock.
    public let secondsSinceStart: Double
    public let secondsSinceSeen: Double

    public init(
        id: WorkerID, kind: String, version: String, phase: String, publicAddress: String?, internalAddress: String,
        operationsAddress: String, connectionsMax: Int, secondsSinceStart: Double, secondsSinceSeen: Double
    ) {
        self.id = id
        self.kind = kind
        self.version = version
        self.phase = phase
        self.publicAddress = publicAddress
        self.internalAddress = internalAddress
        self.operationsAddress = operationsAddress
        self.connectionsMax = connectionsMax
        self.secondsSinceStart = secondsSinceStart
        self.secondsSinceSeen = secondsSinceSeen
    }

    /// The most workers a list has.
    public static let listMax = 1_000

    /// Every row there is, also of workers that have not been seen for a while.
    public static func list(in database: any PostgresQuerying) async throws(PostgresError) -> [ListedWorker] {
        let rows = try await database.query(
            """
            SELECT worker_id, kind, version, phase, public_address, internal_address, operations_address,
                   connections_max, extract(epoch FROM now() - started_at)::float8 AS since_start,
                   extract(epoch FROM now() - seen_at)::float8 AS since_seen
              FROM worker ORDER BY worker_id LIMIT $1
            """, Int32(listMax))
        return try rows.map { row throws(PostgresError) in
            ListedWorker(
                id: WorkerID(try row.text("worker_id")), kind: try row.text("kind"), version: try row.text("version"),
                phase: try row.text("phase"), publicAddress: try row.optionalText("public_address"),
                internalAddress: try row.text("internal_address"),
                operationsAddress: try row.text("operations_address"),
                connectionsMax: Int(try row.int32("connections_max")),
                secondsSinceStart: try row.double("since_start"), secondsSinceSeen: try row.double("since_seen"))
        }
    }
}
