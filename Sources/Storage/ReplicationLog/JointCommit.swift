import Identifiers
import Postgres

// A writer that owns many shards with little to write in each would pay a transaction for every few rows. So shards that
// are ready at the same time go together: one transaction with one statement a table, and a fence that lets it through
// only if every shard's epoch and head are the expected ones. Who fails alone is found alone: after a definite refusal
// each shard's batch goes again by itself.

/// Writes the batches of several shards of one worker in one transaction.
public enum JointCommit {
    /// One shard's part; its own statements are not sent here.
    public struct Part: Sendable {
        public let appender: ShardAppender
        public let work: GroupCommit

        public init(appender: ShardAppender, work: GroupCommit) {
            self.appender = appender
            self.work = work
        }
    }

    /// Writes all parts or none.
    ///
    /// - Parameter statements: the base tables' rows of all parts.
    /// - Returns: the parts' outcomes in order; `nil` when nothing was written and each part is to be committed alone.
    /// - Precondition: no other batch of these shards is under way, and no shard is twice among them.
    public static func commit(
        _ parts: [Part], statements: [PostgresStatement], on connections: CommitConnections
    ) async -> [AppendOutcome]? {
        var epochs: [Int64] = []
        for part in parts {
            guard let epoch = await part.appender.begin() else { break }
            epochs.append(epoch.value)
        }
        var outcome = BatchOutcome.failed(PostgresError(.closed), statementIndex: 0)
        var session: Int32?
        if epochs.count == parts.count {
            do {
                let connection = try await connections.take()
                session = connection.backendPID
                let began = ContinuousClock.now
                outcome = await connection.batch(fenced(parts, epochs, statements))
                ShardAppender.recordCommit(since: began)
                await connections.giveBack(connection, after: outcome)
            } catch {
                outcome = .failed(error, statementIndex: 0)
            }
        }
        var outcomes: [AppendOutcome] = []
        for part in parts.prefix(epochs.count) {
            outcomes.append(await part.appender.end(part.work, with: outcome, session: session))
        }
        if case .failed = outcome { return nil }
        return outcomes
    }

    private static func fenced(
        _ parts: [Part], _ epochs: [Int64], _ statements: [PostgresStatement]
    ) -> [PostgresStatement] {
        let shards = parts.map(\.appender.shard.number)
        var all = [
            PostgresStatement(
                "SELECT advance_heads($1, $2, $3, $4)",
                [shards, epochs, parts.map(\.work.base.value), parts.map { Int32($0.work.entries.count) }])
        ]
        all += statements
        let entries = zip(parts, epochs).flatMap { part, epoch in
            part.work.entries.enumerated().map { index, entry in
                (part.appender.shard.number, part.work.sequence(of: index).value, epoch, entry.kind.rawValue, entry.key)
            }
        }
        if !entries.isEmpty {
            all.append(
                PostgresStatement(
                    """
                    INSERT INTO log (shard, seq, epoch, kind, format, key)
                    SELECT shard, seq, epoch, kind, $1, key
                      FROM unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::text[])
                           AS entries (shard, seq, epoch, kind, key)
                    """,
                    [
                        LogEntry.formatKnown, entries.map(\.0), entries.map(\.1), entries.map(\.2), entries.map(\.3),
                        entries.map(\.4),
                    ]))
        }
        let results = parts.flatMap { part in
            part.work.results.map { (part.appender.shard.number, $0.command, $0.reply) }
        }
        if !results.isEmpty {
            all.append(
                PostgresStatement(
                    """
                    INSERT INTO command_result (command_id, shard, result)
                    SELECT id, shard, result
                      FROM unnest($1::smallint[], $2::bytea[], $3::bytea[]) AS results (shard, id, result)
                    """, [results.map(\.0), results.map(\.1), results.map(\.2)]))
        }
        return all
    }
}
