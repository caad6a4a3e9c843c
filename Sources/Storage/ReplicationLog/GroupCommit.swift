import Identifiers
import Postgres

/// What one group commit writes, numbered by the owner of the shard.
public struct GroupCommit: Sendable {
    /// The head the rows were numbered from: the first entry has the position after it.
    public var base: ShardSequence
    /// One log entry per position, in order.
    public var entries: [(kind: LogKind, key: String)]
    /// What each command answers, stored with its effect; IDs of 16 bytes.
    public var results: [(command: [UInt8], reply: [UInt8])]
    /// The base tables' rows.
    public var statements: [PostgresStatement]

    public init(
        base: ShardSequence, entries: [(kind: LogKind, key: String)], results: [(command: [UInt8], reply: [UInt8])],
        statements: [PostgresStatement]
    ) {
        self.base = base
        self.entries = entries
        self.results = results
        self.statements = statements
    }

    /// The head once this is committed.
    public var head: ShardSequence { base.advanced(by: entries.count) }

    /// The position of the entry at `index`.
    public func sequence(of index: Int) -> ShardSequence { base.advanced(by: index + 1) }

    /// The statements in their order, the fence first.
    package func fenced(shard: ShardID, epoch: Int64) -> [PostgresStatement] {
        var all = [
            PostgresStatement(
                "SELECT advance_head($1, $2, $3, $4)", [shard.number, epoch, base.value, Int32(entries.count)])
        ]
        all += statements
        if !entries.isEmpty {
            all.append(
                PostgresStatement(
                    """
                    INSERT INTO log (shard, seq, epoch, kind, format, key)
                    SELECT $1, $2 + n, $3, kind, $4, key
                      FROM unnest($5::smallint[], $6::text[]) WITH ORDINALITY AS entries (kind, key, n)
                    """,
                    [
                        shard.number, base.value, epoch, LogEntry.formatKnown, entries.map(\.kind.rawValue),
                        entries.map(\.key),
                    ]))
        }
        if !results.isEmpty {
            all.append(
                PostgresStatement(
                    """
                    INSERT INTO command_result (command_id, shard, result)
                    SELECT id, $1, result FROM unnest($2::bytea[], $3::bytea[]) AS results (id, result)
                    """, [shard.number, results.map(\.command), results.map(\.reply)]))
        }
        return all
    }
}

/// How a group commit ended.
public enum AppendOutcome: Sendable {
    /// Durable; the head is now this.
    case committed(head: ShardSequence)
    /// Another worker owns the shard, or the head is not where this one believes; ``ShardAppender/recover()`` tells which.
    case fenced
    /// Certainly rolled back, because of what was in it or because the server could not.
    case refused(PostgresError)
    /// Committed or not: nobody here can tell before ``ShardAppender/recover()``.
    case inDoubt
}
