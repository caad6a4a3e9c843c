import Logging
import Postgres
import Synchronization

/// A worker as the registry has it.
public struct RegisteredWorker: Sendable, Hashable {
    public let id: WorkerID
    public let kind: String
    public let phase: String
    public let internalAddress: String
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

    public nonisolated let id: WorkerID
    private let kind: WorkerKind
    private let version: String
    private let database: any PostgresQuerying
    private let logger: Logger
    private var registration: PostgresStatement?
    private var listed: [RegisteredWorker] = []
    private var listedAt: ContinuousClock.Instant?

    public init(id: WorkerID, kind: WorkerKind, version: String, database: any PostgresQuerying, logger: Logger) {
        self.id = id
        self.kind = kind
        self.version = version
        self.database = database
        self.logger = logger
    }

    /// Enters the worker as `phase`, or changes its phase.
    public func register(
        phase: String, publicAddress: String?, internalAddress: String, operationsAddress: String
    ) async throws(PostgresError) {
        let statement = PostgresStatement(
            """
            INSERT INTO worker AS w (worker_id, kind, version, feature_level_max, public_address, internal_address,
                                     operations_address, phase)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (worker_id) DO UPDATE SET phase = excluded.phase, seen_at = now()
            """,
            [
                id.text, kind.rawValue, version, FeatureLevel.known, publicAddress, internalAddress, operationsAddress,
                phase,
            ])
        registration = statement
        try await database.query(statement)
    }

    /// Says that no new work is wanted.
    public func enterDraining() async throws(PostgresError) {
        try await database.query("UPDATE worker SET phase = 'draining', seen_at = now() WHERE worker_id = $1", id.text)
    }

    /// Forgets the worker.
    public func remove() async throws(PostgresError) {
        registration = nil
        try await database.query("DELETE FROM worker WHERE worker_id = $1", id.text)
    }

    /// Keeps the row fresh until cancelled; a database that is away is no reason to stop.
    public func run() async {
        while !Task.isCancelled {
            do {
                let touched = try await database.query(
                    "UPDATE worker SET seen_at = now() WHERE worker_id = $1", id.text)
                // A restored database does not know us any more.
                if touched.affectedRows == 0, let registration { try await database.query(registration) }
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
                 WHERE seen_at > now() - make_interval(secs => $1)
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
