import Identifiers
import Postgres

/// The statements on leases; each is one round trip on the writer's lease connection.
public struct LeaseTable: Sendable {
    /// How long a lease lasts without being renewed.
    static let secondsToLive = 5
    /// The space of the advisory locks workers hold: "apus" in ASCII.
    static let lockSpace: Int32 = 0x6170_7573

    /// The longest wait for a row somebody holds, in milliseconds: a frozen predecessor's ended session lets go at once.
    static let lockWaitMillisecondsMax = 1_000

    /// How long a client worker's word that it cannot reach a writer counts.
    static let voteSecondsMax = 5
    /// How long a writer that was voted out owns nothing, and no other is voted out.
    static let votedOutSeconds = 60

    let connection: any PostgresQuerying

    package init(connection: any PostgresQuerying) { self.connection = connection }

    /// Bounds how long this session waits for a row.
    func boundLockWaits() async throws(PostgresError) {
        try await connection.query("SET lock_timeout = \(Self.lockWaitMillisecondsMax)")
    }

    /// Takes the session lock that shows this worker's connection to be alive.
    func holdLock(of worker: WorkerID) async throws(PostgresError) {
        try await connection.query("SELECT pg_advisory_lock_shared($1, hashtext($2))", Self.lockSpace, worker.text)
    }

    /// Everything a plan is made from, in one statement and one snapshot.
    package func view() async throws(PostgresError) -> ShardLeasePlan.View {
        let rows = try await connection.query(
            """
            WITH held AS MATERIALIZED (
                SELECT objid::bigint AS hash FROM pg_locks
                 WHERE locktype = 'advisory' AND classid::bigint = $1 AND granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
            writers AS (
                SELECT string_agg(worker_id, ' ') AS ids FROM worker
                 WHERE kind = 'room-writer' AND phase = 'ready' AND seen_at > now() - interval '5 seconds'
                   AND hashtext(worker_id)::oid::bigint IN (SELECT hash FROM held)),
            voters AS (
                SELECT worker_id FROM worker
                 WHERE kind = 'client' AND phase = 'ready' AND seen_at > now() - interval '5 seconds'),
            unreachable AS (
                SELECT u.worker_id FROM unreachable_writer AS u
                 WHERE u.at > now() - make_interval(secs => $3) AND u.voter_id IN (SELECT worker_id FROM voters)
                 GROUP BY u.worker_id HAVING count(*) * 2 > (SELECT count(*) FROM voters)
                 ORDER BY count(*) DESC, u.worker_id LIMIT 1)
            SELECT substr(partition, 7)::smallint AS shard, owner, epoch, expires_at < now() AS is_expired,
                   coalesce(hashtext(owner)::oid::bigint IN (SELECT hash FROM held), false) AS is_connected,
                   (SELECT ids FROM writers) AS writers,
                   pg_postmaster_start_time() > now() - make_interval(secs => $2) AS is_in_grace,
                   -- Asked once, not for every shard: it reads the server's control file.
                   (SELECT is_known_history()) AS is_history_known,
                   (SELECT worker_id FROM unreachable) AS unreachable,
                   (SELECT worker_id FROM voted_out_writer WHERE at > now() - make_interval(secs => $4)) AS voted_out
              FROM lease WHERE partition LIKE 'shard/%' ORDER BY shard
            """, Int64(Self.lockSpace), Double(Self.secondsToLive), Double(Self.voteSecondsMax),
            Double(Self.votedOutSeconds))
        let leases = try rows.map { row throws(PostgresError) in
            ShardLeasePlan.Lease(
                shard: ShardID(try row.int16("shard")), owner: try row.optionalText("owner").map { WorkerID($0) },
                epoch: Epoch(try row.int64("epoch")), isExpired: try row.bool("is_expired"),
                isOwnerConnected: try row.bool("is_connected"))
        }
        let writers = try rows.first?.optionalText("writers") ?? ""
        return ShardLeasePlan.View(
            leases: leases, readyWriters: writers.split(separator: " ").map { WorkerID(String($0)) },
            isInGrace: try rows.first?.bool("is_in_grace") ?? false,
            isHistoryKnown: try rows.first?.bool("is_history_known") ?? true,
            unreachable: try rows.first?.optionalText("unreachable").map { WorkerID($0) },
            votedOut: try rows.first?.optionalText("voted_out").map { WorkerID($0) })
    }

    /// Votes a writer out, unless one was lately.
    ///
    /// - Returns: whether it is out by this call.
    package func voteOut(_ worker: WorkerID) async throws(PostgresError) -> Bool {
        try await connection.query(
            """
            INSERT INTO voted_out_writer AS v (worker_id, at) VALUES ($1, now())
            ON CONFLICT (singleton) DO UPDATE SET worker_id = excluded.worker_id, at = excluded.at
             WHERE v.at <= now() - make_interval(secs => $2)
            """, worker.text, Double(Self.votedOutSeconds)
        ).affectedRows > 0
    }

    /// Ends every session a predecessor commits with: one that is frozen in a transaction holds the head's row.
    ///
    /// Does not wait for them: the claim waits for the row, and whoever holds none is fenced.
    package func endSessions(of worker: WorkerID) async throws(PostgresError) {
        try await connection.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = $1 AND datname = current_database()
            """, Self.applicationName(of: worker))
    }

    /// Takes a shard when nobody else has since it was seen: raises its epoch, which fences whoever had it.
    ///
    /// - Returns: `nil` when somebody was faster, or the server is not the one the cluster knows.
    package func claim(_ claim: ShardLeasePlan.Claim, for worker: WorkerID) async throws(PostgresError) -> OwnedShard? {
        let rows = try await connection.query(
            """
            WITH taken AS (
                UPDATE lease SET owner = $1, epoch = epoch + 1, expires_at = now() + make_interval(secs => $2)
                 WHERE partition = $3 AND epoch = $4 AND is_known_history()
                RETURNING epoch)
            UPDATE head SET epoch = taken.epoch FROM taken WHERE shard = $5
            RETURNING head.epoch, head.seq, head.generation
            """, worker.text, Double(Self.secondsToLive), Self.partition(claim.shard), claim.seenEpoch.value,
            claim.shard.number)
        guard let row = rows.first else { return nil }
        return OwnedShard(
            shard: claim.shard, epoch: Epoch(try row.int64("epoch")), head: ShardSequence(try row.int64("seq")),
            generation: try row.int64("generation"))
    }

    /// Renews everything `worker` has, but for rows that somebody holds at the moment: a renewal never waits.
    ///
    /// - Returns: the shards it has, those rows included.
    func renew(for worker: WorkerID) async throws(PostgresError) -> Set<ShardID> {
        let rows = try await connection.query(
            """
            WITH mine AS (SELECT partition FROM lease WHERE owner = $1 FOR UPDATE SKIP LOCKED),
            renewed AS (
                UPDATE lease SET expires_at = now() + make_interval(secs => $2)
                  FROM mine WHERE lease.partition = mine.partition)
            SELECT substr(partition, 7)::smallint AS shard FROM lease WHERE owner = $1 AND partition LIKE 'shard/%'
            """, worker.text, Double(Self.secondsToLive))
        return Set(try rows.map { row throws(PostgresError) in ShardID(try row.int16("shard")) })
    }

    /// Gives a shard to `successor`, or to whoever wants it; called when nothing of ours is in flight.
    func handOver(_ shard: ShardID, from worker: WorkerID, to successor: WorkerID?) async throws(PostgresError) {
        try await connection.query(
            """
            UPDATE lease SET owner = $3, epoch = epoch + 1,
                   expires_at = CASE WHEN $3::text IS NULL THEN '-infinity'::timestamptz
                                     ELSE now() + make_interval(secs => $4) END
             WHERE partition = $1 AND owner = $2
            """, Self.partition(shard), worker.text, successor?.text, Double(Self.secondsToLive))
    }

    public static func partition(_ shard: ShardID) -> String { "shard/\(shard)" }

    /// What a worker's committing sessions are called.
    ///
    /// PostgreSQL cuts names at 63 bytes; of a long one the end is kept, which holds the nonce of the run.
    public static func applicationName(of worker: WorkerID) -> String {
        let prefix = "commit "
        return prefix + String(decoding: worker.text.utf8.suffix(63 - prefix.utf8.count), as: UTF8.self)
    }
}

/// A shard as it was when its lease was taken.
public struct OwnedShard: Sendable, Equatable {
    public let shard: ShardID
    public let epoch: Epoch
    public let head: ShardSequence
    public let generation: Int64

    public init(shard: ShardID, epoch: Epoch, head: ShardSequence, generation: Int64) {
        self.shard = shard
        self.epoch = epoch
        self.head = head
        self.generation = generation
    }
}
