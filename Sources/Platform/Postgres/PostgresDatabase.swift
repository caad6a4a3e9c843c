import Logging

/// A worker's client for PostgreSQL: shared pipelined connections for single statements, a pool for transactions.
///
/// It outlives the server: after a restart connections are made again, with jitter, and meanwhile callers fail within
/// `poolWaitMax`.
public final class PostgresDatabase: PostgresQuerying {
    /// How many connections are tried for a transaction when idle ones turn out to be broken.
    static let beginTries = 3

    public let configuration: PostgresConfiguration
    let loop = SocketLoop()
    private let pool: ConnectionPool
    private let logger: Logger

    /// Begins to connect; statements wait until it is done, within their bounds.
    public init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        pool = ConnectionPool(loop: loop, configuration: configuration)
        loop.submit { [pool] in pool.start() }
    }

    public func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
        let outcome = await withCheckedContinuation { continuation in
            loop.submit { [pool] in pool.execute(statement) { continuation.resume(returning: $0) } }
        }
        switch outcome {
        case .success(let results):
            guard let rows = results.first else { throw PostgresError(.decoding("a statement without a result")) }
            return rows
        case .failure(let error, _), .unknown(let error): throw error
        }
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// No network call belongs into `body`. An error of the commit itself, as of a broken connection, leaves open
    /// whether it happened.
    @discardableResult
    public func transaction<Result: Sendable>(
        isolation: PostgresIsolation = .readCommitted, isReadOnly: Bool = false,
        _ body: (PostgresTransaction) async throws -> Result
    ) async throws -> Result {
        let connection = try await begin("BEGIN ISOLATION LEVEL \(isolation.rawValue)\(isReadOnly ? " READ ONLY" : "")")
        do {
            let result = try await body(PostgresTransaction(connection: connection))
            let committed = try await connection.query("COMMIT")
            guard committed.commandTag == "COMMIT" else {
                throw PostgresError(.server(sqlState: "25P02", message: "rolled back"))
            }
            checkIn(connection, isClean: true)
            return result
        } catch {
            var isClean = false
            if case .success = await connection.run([PostgresStatement(sql: "ROLLBACK")]) { isClean = true }
            checkIn(connection, isClean: isClean)
            throw error
        }
    }

    /// A connection with a transaction begun on it.
    ///
    /// One that broke while it was idle, as all do when the server restarts, may be noticed only by its `BEGIN`; nothing
    /// was done on it, so another is tried.
    private func begin(_ statement: String) async throws(PostgresError) -> PostgresConnection {
        var triesLeft = Self.beginTries
        while true {
            triesLeft -= 1
            let connection = try await checkOut()
            do {
                try await connection.query(statement)
                return connection
            } catch {
                checkIn(connection, isClean: false)
                guard case .connectionLost = error.kind, triesLeft > 0 else { throw error }
            }
        }
    }

    /// Opens a connection of the caller's own, which does not count against the pool.
    ///
    /// - Parameter answerTimeout: the limit on each of its answers; the configuration's unless given.
    public func dedicatedConnection(
        applicationName: String, answerTimeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresConnection {
        let result: Result<WireConnection, PostgresError> = await withCheckedContinuation { continuation in
            loop.submit { [pool] in
                pool.open(applicationName: applicationName) { continuation.resume(returning: $0) }
            }
        }
        return PostgresConnection(
            wire: try result.get(), database: self, answerTimeout: answerTimeout ?? configuration.answerTimeout,
            isDedicated: true)
    }

    deinit {
        loop.submit { [pool] in pool.shutdown() }
    }

    /// Ends every connection; whoever waits is told so.
    public func shutdown() async {
        await withCheckedContinuation { continuation in
            loop.submit { [pool] in
                pool.shutdown()
                continuation.resume()
            }
        }
    }

    private func checkOut() async throws(PostgresError) -> PostgresConnection {
        let result: Result<WireConnection, PostgresError> = await withCheckedContinuation { continuation in
            loop.submit { [pool] in pool.checkOut { continuation.resume(returning: $0) } }
        }
        return PostgresConnection(
            wire: try result.get(), database: self, answerTimeout: configuration.answerTimeout, isDedicated: false)
    }

    private func checkIn(_ connection: PostgresConnection, isClean: Bool) {
        loop.submit { [pool] in pool.checkIn(connection.wire, isClean: isClean) }
    }
}
