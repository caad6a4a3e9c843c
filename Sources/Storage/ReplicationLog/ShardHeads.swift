import Identifiers
import Postgres
import Storage

/// Reads how far single shards are committed; for a reader of one room, who needs no cut.
public struct ShardHeads: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The position of the last commit of `shard`: everything acknowledged before the call is at or before it.
    ///
    /// - Throws: `StoreError.clusterNotInitialised` when there is no such shard.
    public func position(of shard: ShardID) async throws -> ShardSequence {
        let rows = try await database.query("SELECT seq FROM head WHERE shard = $1", shard.number)
        guard let row = rows.first else { throw StoreError.clusterNotInitialised }
        return ShardSequence(try row.int64("seq"))
    }
}
