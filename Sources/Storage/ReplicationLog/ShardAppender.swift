import Identifiers
import Leases
import Logging
import Metrics
import Postgres

/// Appends to one shard under one ownership.
///
/// Every commit begins with a function that raises unless epoch and head are the expected ones, so a writer that lost the
/// shard without noticing writes nothing. Only the server's COMMIT is an acknowledgement; any other end leaves the
/// shard in doubt until ``recover()`` has made sure that the old transaction is over.
public actor ShardAppender {
    /// The longest pause between two attempts to recover.
    static let recoveryPauseMax = Duration.seconds(1)

    public nonisolated let shard: ShardID
    private let worker: WorkerID
    private let database: PostgresDatabase
    private let connections: CommitConnections
    private let logger: Logger
    private var turn: AppendTurn
    /// Sessions whose last batch has an unknown end.
    private var doubtful: [Int32] = []
    private static let fencedCommits = Counter(label: "apus_fenced_commits_total")
    private static let doubtfulCommits = Counter(label: "apus_doubtful_commits_total")
    private static let commitTimer = Timer(label: "apus_commit_seconds")

    public init(
        owned: OwnedShard, worker: WorkerID, database: PostgresDatabase, connections: CommitConnections, logger: Logger
    ) {
        shard = owned.shard
        turn = AppendTurn(epoch: owned.epoch)
        self.worker = worker
        self.database = database
        self.connections = connections
        self.logger = logger
    }

    /// Writes one batch, all or nothing.
    ///
    /// - Precondition: no other batch of the shard is under way. In doubt, nothing is sent and it stays in doubt.
    public func commit(_ work: GroupCommit) async -> AppendOutcome {
        guard let epoch = begin() else { return .inDoubt }
        let connection: PostgresConnection
        do {
            connection = try await connections.take()
        } catch {
            return end(work, with: .failed(error, statementIndex: 0), session: nil)
        }
        let began = ContinuousClock.now
        let batch = await connection.batch(work.fenced(shard: shard, epoch: epoch.value))
        Self.recordCommit(since: began)
        let outcome = end(work, with: batch, session: connection.backendPID)
        await connections.giveBack(connection, after: batch)
        return outcome
    }

    /// Begins to send a batch; `nil` while the shard is in doubt, when nothing may be sent.
    package func begin() -> Epoch? {
        guard !turn.isInDoubt else { return nil }
        turn.begin()
        return turn.epoch
    }

    /// Concludes from the end of a batch what became of `work`.
    ///
    /// - Parameter session: the backend it was sent to; ended by ``recover()`` when the outcome is in doubt.
    package func end(_ work: GroupCommit, with batch: BatchOutcome, session: Int32?) -> AppendOutcome {
        let outcome = turn.end(work, with: batch)
        if case .inDoubt(let error) = batch {
            if let session { doubtful.append(session) }
            Self.doubtfulCommits.increment()
            logger.warning("commit in doubt", metadata: ["shard": "\(shard)", "error": "\(error)"])
        }
        if case .fenced = outcome { Self.fencedCommits.increment() }
        return outcome
    }

    /// Notes how long a commit took.
    static func recordCommit(since began: ContinuousClock.Instant) {
        commitTimer.record(duration: .now - began)
    }

    /// Makes sure that a commit in doubt is over, whichever way, and says where the head is.
    ///
    /// Ends the doubtful session, then raises the own epoch: the update waits for the old transaction's row lock, and
    /// afterwards the old transaction, should it still be on its way, is refused. After `.fenced` it tells whether the
    /// shard is lost or only the head is elsewhere. Goes on until it knows, or is cancelled.
    /// - Returns: `nil` when the shard is lost to another worker.
    public func recover() async -> ShardSequence? {
        var pause = Duration.milliseconds(20)
        while !Task.isCancelled {
            do {
                return try await raiseEpoch()
            } catch {
                logger.warning("shard not recovered yet", metadata: ["shard": "\(shard)", "error": "\(error)"])
                // Cancellation ends the wait and with it the loop.
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, Self.recoveryPauseMax)
            }
        }
        return nil
    }

    /// In a transaction, so on a connection where nothing else waits behind the row.
    private func raiseEpoch() async throws -> ShardSequence? {
        try await ClusterGeneration.check(database, logger: logger)
        let (shard, worker, doubtful) = (shard, worker, doubtful)
        let raised = try await database.transaction { transaction in
            try await transaction.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE pid = ANY ($1) AND application_name = $2 AND datname = current_database()
                """, doubtful, LeaseTable.applicationName(of: worker))
            return try await transaction.query(
                """
                WITH mine AS (
                    UPDATE lease SET epoch = epoch + 1 WHERE partition = $1 AND owner = $2 AND is_known_history()
                    RETURNING epoch)
                UPDATE head SET epoch = mine.epoch FROM mine WHERE shard = $3
                RETURNING head.epoch, head.seq
                """, LeaseTable.partition(shard), worker.text, shard.number)
        }
        guard let row = raised.first else { return nil }
        turn.recovered(at: Epoch(try row.int64("epoch")))
        self.doubtful.removeAll { doubtful.contains($0) }
        return ShardSequence(try row.int64("seq"))
    }
}
