import Postgres

/// A client worker's word on which room-writers it cannot reach; ``ShardLeasePlan`` says what follows from it.
public struct UnreachableWriterVotes: Sendable {
    private let voter: WorkerID
    private let database: any PostgresQuerying

    public init(voter: WorkerID, database: any PostgresQuerying) {
        self.voter = voter
        self.database = database
    }

    /// Says that nothing sent to these internal addresses arrives; holds for a few seconds.
    public func cast(against addresses: [String]) async throws(PostgresError) {
        try await database.query(
            """
            INSERT INTO unreachable_writer AS u (worker_id, voter_id, at)
            SELECT worker_id, $1, now() FROM worker WHERE kind = $2 AND internal_address = ANY($3::text[])
            ON CONFLICT (worker_id, voter_id) DO UPDATE SET at = excluded.at
            """, voter.text, WorkerKind.roomWriter.rawValue, addresses)
    }
}
