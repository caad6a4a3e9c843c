import Identifiers
import Postgres

// What nobody has read is counted from `countable_event` alone, so only that is written: the texts of two million
// messages would be gigabytes that no count reads.

extension RoomFixture {
    /// Messages numbered with one statement.
    static let backlogChunkCount = 50_000

    /// Numbers `count` messages of the creator's that nobody has read, after what ``write(to:)`` wrote.
    public func writeBacklog(of count: Int64, to database: PostgresDatabase) async throws {
        for first in stride(from: 1, through: count, by: Self.backlogChunkCount) {
            try await writeBacklog(first...min(count, first + Int64(Self.backlogChunkCount) - 1), to: database)
        }
        try await database.query("ANALYZE countable_event")
    }

    private func writeBacklog(_ ordinals: ClosedRange<Int64>, to database: PostgresDatabase) async throws {
        try await database.transaction { transaction in
            let head = try await transaction.query("SELECT epoch, seq FROM head WHERE shard = $1", shard.number)
            let seq = try head[0].int64("seq")
            try await transaction.query(
                """
                INSERT INTO countable_event (room_id, seq, shard, thread_id, sender, room_ordinal, main_ordinal,
                                             thread_ordinal, sender_ordinal, sender_main_ordinal, sender_thread_ordinal)
                SELECT $1, $2 + n - $5::bigint + 1, $3, '', $4, n, n, n, n, n, n
                  FROM generate_series($5::bigint, $6::bigint) AS n
                """, room.rawValue, seq, shard.number, creator.rawValue, ordinals.lowerBound, ordinals.upperBound)
            try await transaction.query(
                "SELECT advance_head($1, $2, $3, $4)", shard.number, try head[0].int64("epoch"), seq,
                Int32(ordinals.count))
        }
    }
}
