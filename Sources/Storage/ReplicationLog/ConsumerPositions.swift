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
    ///
    /// One of an older generation is clamped to what survived, so that nothing written since is passed over.
    public func load() async throws(PostgresError) -> [ShardID: ShardSequence] {
        let rows = try await database.query(
            """
            SELECT p.shard, least(p.seq, (
                   SELECT min(s.seq) FROM generation_start AS s
                    WHERE s.shard = p.shard AND s.generation > p.generation)) AS seq
              FROM consumer_position AS p WHERE consumer = $1
            """, consumer)
        var positions: [ShardID: ShardSequence] = [:]
        for row in rows { positions[ShardID(try row.int16("shard"))] = ShardSequence(try row.int64("seq")) }
        return positions
    }

    /// Moves one shard's position forward from where this consumer left it, as loaded or advanced last.
    ///
    /// - Returns: `false` when another run of the consumer has moved it: stop, it is not yours any more.
    public func advance(
        _ shard: ShardID, from: ShardSequence, to: ShardSequence, generation: Int64
    ) async throws(PostgresError) -> Bool {
        let rows = try await database.query(
            """
            INSERT INTO consumer_position AS p (consumer, shard, seq, generation) VALUES ($1, $2, $4, $5)
            ON CONFLICT (consumer, shard) DO UPDATE SET seq = excluded.seq, generation = excluded.generation
             WHERE p.seq = $3 OR p.generation < excluded.generation AND $3 <= p.seq
            RETURNING seq
            """, consumer, shard.number, from.value, to.value, generation)
        return !rows.isEmpty
    }
}
