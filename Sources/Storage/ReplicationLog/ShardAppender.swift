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
    /// The error `advance_head` raises.
    static let fencedState = "AP001"

    public nonisolated let shard: ShardID
    private let worker: WorkerID
    private let database: PostgresDatabase
    private let connections: CommitConnections
    private let logger: Logger
    private var epoch: Epoch
    /// Sessions whose last batch has an unknown end.
    private var doubtful: [Int32] = []
    private static let fencedCommits = Counter(label: "apus_fenced_commits_total")
    private static let doubtfulCommits = Counter(label: "apus_doubtful_commits_total")
    private static let commitTimer = Timer(label: "apus_commit_seconds")

    public init(
        owned: OwnedShard, worker: WorkerID, database: PostgresDatabase, connections: CommitConnections, logger: Logger
    ) {
        shard = owned.shard
        epoch = owned.epoch
        self.worker = worker
        self.database = database
        self.connections = connections
        self.logger = logger
    }

    /// Writes one batch, all or nothing.
    public func commit(_ work: GroupCommit) async -> AppendOutcome {
        let connection: PostgresConnection
        do {
            connection = try await connections.take()
        } catch {
            return .refused(error)
        }
        let began = ContinuousClock.now
        let outcome = await connection.batch(work.fenced(shard: shard, epoch: epoch.value))
        let (seconds, attoseconds) = (ContinuousClock.now - began).components
        Self.commitTimer.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        switch outcome {
        case .committed:
            await connections.giveBack(connection, isUsable: true)
            return .committed(head: work.base.advanced(by: work.entries.count))
        case .failed(let error, _):
            await connections.giveBack(connection, isUsable: error.sqlState != nil)
            guard error.sqlState == Self.fencedState else { return .refused(error) }
            Self.fencedCommits.increment()
            return .fenced
        case .inDoubt(let error):
            Self.doubtfulCommits.increment()
            logger.warning("commit in doubt", metadata: ["shard": "\(shard)", "error": "\(error)"])
            doubtful.append(connection.backendPID)
            await connections.giveBack(connection, isUsable: false)
            return .inDoubt
        }
    }

    /// Makes sure that a commit in doubt is over, whichever way, and says where the head is.
    ///
    /// Ends the doubtful session, then raises the own epoch: the update waits for the old transaction's row lock, and
    /// afterwards the old transaction, should it still be on its way, is refused.
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
                pause = min(pause * 2, .seconds(1))
            }
        }
        return nil
    }

    private func raiseEpoch() async throws(PostgresError) -> ShardSequence? {
        for session in doubtful {
            try await database.query(
                """
                SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
                 WHERE pid = $1 AND application_name = $2
                """, session, LeaseTable.applicationName(of: worker))
        }
        let rows = try await database.query(
            """
            WITH mine AS (
                UPDATE lease SET epoch = epoch + 1 WHERE partition = $1 AND owner = $2
                RETURNING epoch)
            UPDATE head SET epoch = mine.epoch FROM mine WHERE shard = $3
            RETURNING head.epoch, head.seq
            """, LeaseTable.partition(shard), worker.text, shard.number)
        guard let row = rows.first else { return nil }
        epoch = Epoch(try row.int64("epoch"))
        doubtful = []
        return ShardSequence(try row.int64("seq"))
    }
}
