import Identifiers
import Postgres

/// How far a durable consumer has applied the log, stored so that a crash repeats a batch instead of losing one.
public struct ConsumerPositions: Sendable {
    private let database: any PostgresQuerying
    private let consumer: String

    public init(consumer: String, database: any PostgresQuerying) {
        self.consumer = consumer
        self.database = database
    }

    /// The stored position of each shard the consumer has seen.
    public func load() async throws(PostgresError) -> [ShardID: ShardSequence] {
        let rows = try await database.query(
            "SELECT shard, seq FROM consumer_position WHERE consumer = $1", consumer)
        var positions: [ShardID: ShardSequence] = [:]
        for row in rows { positions[ShardID(try row.int16("shard"))] = ShardSequence(try row.int64("seq")) }
        return positions
    }

    /// Moves one shard's position forward from where this consumer left it.
    ///
    /// - Returns: `false` when another run of the consumer has moved it: stop, it is not yours any more.
    public func advance(
        _ shard: ShardID, from: ShardSequence, to: ShardSequence, generation: Int64
    ) async throws(PostgresError) -> Bool {
        let rows = try await database.query(
            """
            INSERT INTO consumer_position AS p (consumer, shard, seq, generation) VALUES ($1, $2, $4, $5)
            ON CONFLICT (consumer, shard) DO UPDATE SET seq = excluded.seq, generation = excluded.generation
             WHERE p.seq = $3
            RETURNING seq
            """, consumer, shard.number, from.value, to.value, generation)
        return !rows.isEmpty
    }
}
