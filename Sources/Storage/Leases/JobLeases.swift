import Postgres

/// Leases of jobs that one worker of many does at a time, and another takes up when it dies.
///
/// Unlike a shard's, such a lease fences nothing: jobs do no harm when done twice. It only keeps two from doing the same
/// work at once.
public struct JobLeases: Sendable {
    /// How long a lease lasts without being taken again; a job's step is shorter.
    public static let secondsToLive = 15

    private let worker: WorkerID
    private let database: any PostgresQuerying
    private let secondsToLive: Int

    public init(worker: WorkerID, database: any PostgresQuerying, secondsToLive: Int = secondsToLive) {
        self.worker = worker
        self.database = database
        self.secondsToLive = secondsToLive
    }

    /// Those of `jobs` that nobody has.
    public func free(among jobs: [String]) async throws(PostgresError) -> Set<String> {
        let rows = try await database.query(
            """
            SELECT p.job FROM unnest($1::text[], $2::text[]) AS p (job, partition)
             WHERE NOT EXISTS (SELECT FROM lease AS l WHERE l.partition = p.partition AND l.owner IS NOT NULL
                                  AND l.expires_at >= now())
            """, jobs, jobs.map(Self.partition))
        var free: Set<String> = []
        for row in rows { free.insert(try row.text("job")) }
        return free
    }

    /// Takes a job's lease, or renews it.
    ///
    /// - Returns: `false` while another worker has it.
    public func take(_ job: String) async throws(PostgresError) -> Bool {
        try await database.query(
            """
            INSERT INTO lease AS l (partition, owner, epoch, expires_at)
            VALUES ($1, $2, 1, now() + make_interval(secs => $3))
            ON CONFLICT (partition) DO UPDATE
               SET owner = excluded.owner, expires_at = excluded.expires_at,
                   epoch = l.epoch + (l.owner IS DISTINCT FROM excluded.owner)::int
             WHERE l.owner IS NULL OR l.owner = excluded.owner OR l.expires_at < now()
            """, Self.partition(job), worker.text, Double(secondsToLive)
        ).affectedRows > 0
    }

    /// Lets others have a job's lease at once.
    public func release(_ job: String) async throws(PostgresError) {
        try await database.query(
            "UPDATE lease SET owner = NULL, expires_at = '-infinity' WHERE partition = $1 AND owner = $2",
            Self.partition(job), worker.text)
    }

    package static func partition(_ job: String) -> String { "job/\(job)" }
}
