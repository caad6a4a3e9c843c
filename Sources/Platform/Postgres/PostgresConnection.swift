/// A connection of one's own: for group commits and leases, and under every transaction.
///
/// It does not reconnect: what depends on its session (locks, a transaction) is gone with it, so its owner must know.
/// It keeps its ``PostgresDatabase`` alive; letting go of a dedicated connection ends its session.
public final class PostgresConnection: PostgresQuerying {
    let wire: WireConnection
    let loop: SocketLoop
    public let backendPID: Int32
    private let answerTimeout: Duration
    private let database: PostgresDatabase
    private let isDedicated: Bool

    init(wire: WireConnection, database: PostgresDatabase, answerTimeout: Duration, isDedicated: Bool) {
        self.wire = wire
        self.database = database
        self.answerTimeout = answerTimeout
        self.isDedicated = isDedicated
        loop = database.loop
        backendPID = wire.backendPID
    }

    /// Whether the session is alive, as far as is known: `false` is certain.
    public var isOpen: Bool { wire.isOpen.load(ordering: .relaxed) }

    deinit {
        guard isDedicated else { return }
        loop.submit { [wire] in wire.close() }
    }

    public func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
        switch await run([statement]) {
        case .success(let results):
            guard let rows = results.first else { throw PostgresError(.decoding("a statement without a result")) }
            return rows
        case .failure(let error, _), .unknown(let error): throw error
        }
    }

    /// Carries out `BEGIN`, the statements and `COMMIT` in one pipeline, a single round trip.
    public func batch(_ statements: [PostgresStatement]) async -> BatchOutcome {
        let outcome = await batchOnce(statements)
        // A plan that a migration made stale was not carried out and is forgotten now.
        if case .failed(let error, _) = outcome, error.isStalePlan { return await batchOnce(statements) }
        return outcome
    }

    private func batchOnce(_ statements: [PostgresStatement]) async -> BatchOutcome {
        let all = [PostgresStatement(sql: "BEGIN")] + statements + [PostgresStatement(sql: "COMMIT")]
        switch await run(all) {
        case .success(let results):
            // A COMMIT of a failed transaction is answered ROLLBACK, without an error.
            guard results.last?.commandTag == "COMMIT" else {
                return .failed(PostgresError(.server(sqlState: "25P02", message: "rolled back")), statementIndex: 0)
            }
            return .committed(Array(results.dropFirst().dropLast()))
        case .failure(let error, let index):
            if error.sqlState != nil {
                if index == all.count - 1, !Self.isDefiniteAtCommit(error) { return .inDoubt(error) }
                // The session is in the failed transaction until told otherwise; only then is it usable again.
                _ = await run([PostgresStatement(sql: "ROLLBACK")])
            }
            return .failed(error, statementIndex: max(0, min(index - 1, statements.count - 1)))
        case .unknown(let error):
            return .inDoubt(error)
        }
    }

    /// Ends the session.
    public func close() async {
        await withCheckedContinuation { continuation in
            loop.submit { [wire] in
                wire.close()
                continuation.resume()
            }
        }
    }

    func run(_ statements: [PostgresStatement]) async -> WireOutcome {
        let deadline = ContinuousClock.now + answerTimeout
        return await withCheckedContinuation { continuation in
            loop.submit { [wire] in
                wire.submit(statements, deadline: deadline) { continuation.resume(returning: $0) }
            }
        }
    }

    /// Whether an error at COMMIT itself means that nothing was committed: integrity and serialization classes.
    private static func isDefiniteAtCommit(_ error: PostgresError) -> Bool {
        guard let state = error.sqlState else { return false }
        return state.hasPrefix("23") || state.hasPrefix("40")
    }
}

/// How a ``PostgresConnection/batch(_:)`` ended.
public enum BatchOutcome: Sendable {
    /// The server said COMMIT; each statement's rows.
    case committed([PostgresRows])
    /// Certainly rolled back, or never begun; `statementIndex` names the culprit among the statements given.
    case failed(PostgresError, statementIndex: Int)
    /// The connection ended before the answer: committed or not, nobody here can tell.
    case inDoubt(PostgresError)
}
