import Logging
import Postgres
import Synchronization

/// A worker as the registry has it.
public struct RegisteredWorker: Sendable, Hashable {
    public let id: WorkerID
    public let kind: String
    public let phase: String
    public let internalAddress: String

    public func isA(_ kind: WorkerKind) -> Bool { self.kind.utf8.elementsEqual(kind.rawValue.utf8) }
}

/// Where the workers are: each keeps its own row fresh, and reads the others'.
public actor WorkerRegistry {
    /// How often a worker says that it is alive.
    public static let heartbeatInterval = Duration.seconds(1)
    /// How long a row counts after its last heartbeat.
    public static let unseenSecondsMax = 10
    /// How old a list of workers may be.
    public static let listAgeMax = Duration.milliseconds(500)
    /// The most workers a list has.
    static let workersMax = 1_000

    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// The cluster writes what this build cannot read.
        case clusterIsAhead(featureLevel: Int32)

        public var description: String {
            switch self {
            case .clusterIsAhead(let level):
                "the cluster writes formats of feature level \(level), this build knows \(FeatureLevel.known)"
            }
        }
    }

    /// What the worker's row says.
    private struct Entry {
        var phase: String
        var publicAddress: String?
        var internalAddress: String
        var operationsAddress: String
    }

    public nonisolated let id: WorkerID
    private let kind: WorkerKind
    private let version: String
    private let database: any PostgresQuerying
    private let logger: Logger
    private var entry: Entry?
    private var connections = 0
    private var listed: [RegisteredWorker] = []
    private var listedAt: ContinuousClock.Instant?

    public init(id: WorkerID, kind: WorkerKind, version: String, database: any PostgresQuerying, logger: Logger) {
        self.id = id
        self.kind = kind
        self.version = version
        self.database = database
        self.logger = logger
    }

    /// Enters the worker as starting, with the most connections it will open, when they fit into the server's.
    ///
    /// - Throws: ``ConnectionBudgetExceeded`` or ``Failure``; then it is not entered.
    public func reserve(connections: Int) async throws {
        self.connections = connections
        try await write(Entry(phase: "starting", publicAddress: nil, internalAddress: "", operationsAddress: ""))
        do {
            try await budget().check(connections)
        } catch {
            try await remove()
            throw error
        }
    }

    /// The server's slots, and what those who registered before this worker plan with.
    private func budget() async throws(PostgresError) -> ConnectionBudget {
        let rows = try await database.query(
            """
            SELECT current_setting('max_connections')::int AS server_max,
                   current_setting('superuser_reserved_connections')::int AS superuser_reserve,
                   (SELECT coalesce(sum(w.connections_max), 0)::int FROM worker AS w, worker AS me
                     WHERE me.worker_id = $1 AND (w.started_at, w.worker_id) < (me.started_at, me.worker_id)
                       AND w.seen_at > now() - make_interval(secs => $2)) AS planned
            """, id.text, Double(Self.unseenSecondsMax))
        guard let row = rows.first else { throw PostgresError(.decoding("the server names no settings")) }
        return ConnectionBudget(
            serverMax: Int(try row.int32("server_max")), superuserReserve: Int(try row.int32("superuser_reserve")),
            plannedByOthers: Int(try row.int32("planned")))
    }

    /// Enters the worker as `phase`, or changes its phase and addresses.
    ///
    /// - Throws: ``Failure/clusterIsAhead(featureLevel:)``, or a `PostgresError`.
    public func register(
        phase: String, publicAddress: String?, internalAddress: String, operationsAddress: String
    ) async throws {
        let entry = Entry(
            phase: phase, publicAddress: publicAddress, internalAddress: internalAddress,
            operationsAddress: operationsAddress)
        self.entry = entry
        try await write(entry)
    }

    /// Says that no new work is wanted.
    public func enterDraining() async throws(PostgresError) {
        entry?.phase = "draining"
        try await database.query("UPDATE worker SET phase = 'draining', seen_at = now() WHERE worker_id = $1", id.text)
    }

    /// Locks the cluster's row against a raise of the feature level that would not have counted this worker.
    private func write(_ entry: Entry) async throws {
        let written = try await database.query(
            """
            INSERT INTO worker AS w (worker_id, kind, version, feature_level_max, public_address, internal_address,
                                     operations_address, phase, connections_max)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
              FROM (SELECT feature_level FROM cluster_state FOR SHARE) AS c WHERE c.feature_level <= $4
            ON CONFLICT (worker_id) DO UPDATE
               SET phase = excluded.phase, public_address = excluded.public_address,
                   internal_address = excluded.internal_address,
                   operations_address = excluded.operations_address, seen_at = now()
            """, id.text, kind.rawValue, version, FeatureLevel.known, entry.publicAddress, entry.internalAddress,
            entry.operationsAddress, entry.phase, Int32(connections))
        guard written.affectedRows == 0 else { return }
        let state = try await database.query("SELECT feature_level FROM cluster_state")
        throw Failure.clusterIsAhead(featureLevel: try state.first?.int32("feature_level") ?? 0)
    }

    /// Forgets the worker.
    public func remove() async throws(PostgresError) {
        entry = nil
        try await database.query("DELETE FROM worker WHERE worker_id = $1", id.text)
    }

    /// Keeps the row fresh until cancelled; a database that is away is no reason to stop.
    public func run() async {
        while !Task.isCancelled {
            do {
                let touched = try await database.query(
                    "UPDATE worker SET seen_at = now() WHERE worker_id = $1", id.text)
                // A restored database does not know us any more.
                if touched.affectedRows == 0, let entry { try await write(entry) }
                try await removeDead()
            } catch {
                logger.warning("heartbeat not written", metadata: ["error": "\(error)"])
            }
            do { try await Task.sleep(for: Self.heartbeatInterval) } catch { return }
        }
    }

    /// The workers that are alive; at most half a second old.
    public func workers() async -> [RegisteredWorker] {
        if let listedAt, .now - listedAt < Self.listAgeMax { return listed }
        do {
            let rows = try await database.query(
                """
                SELECT worker_id, kind, phase, internal_address FROM worker
                 WHERE seen_at > now() - make_interval(secs => $1) AND phase <> 'starting'
                 ORDER BY worker_id LIMIT $2
                """, Double(Self.unseenSecondsMax), Self.workersMax)
            listed = try rows.map { row throws(PostgresError) in
                RegisteredWorker(
                    id: WorkerID(try row.text("worker_id")), kind: try row.text("kind"), phase: try row.text("phase"),
                    internalAddress: try row.text("internal_address"))
            }
            listedAt = .now
        } catch {
            logger.warning("registry not read, the last list is used", metadata: ["error": "\(error)"])
        }
        return listed
    }

    /// Forgets the last list, because it led astray.
    public func invalidate() { listedAt = nil }

    /// Rows of workers long dead; a minute keeps them visible to whoever looks after a crash.
    private func removeDead() async throws(PostgresError) {
        try await database.query("DELETE FROM worker WHERE seen_at < now() - interval '60 seconds'")
    }
}
