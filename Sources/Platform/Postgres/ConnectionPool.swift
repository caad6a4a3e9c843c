import Collections

/// The connections of one client; lives on the loop's thread.
///
/// Two kinds with different needs: a few shared ones take single statements in a pipeline, always connected; those for
/// transactions are opened on demand up to a limit and handed to one caller at a time. All waiting is bounded in number
/// and time, so a silent server makes callers fail early instead of piling up.
final class ConnectionPool: @unchecked Sendable {  // Guard: touched on the loop's thread only.
    private struct WaitingStatement {
        let statement: PostgresStatement
        let giveUpAt: ContinuousClock.Instant
        let finish: (WireOutcome) -> Void
    }

    private struct WaitingTransaction {
        let giveUpAt: ContinuousClock.Instant
        let finish: (Result<WireConnection, PostgresError>) -> Void
    }

    /// The pause before connecting again, doubling from here to the longest, each with jitter.
    static let reconnectFirst = Duration.milliseconds(50)
    static let reconnectLongest = Duration.seconds(2)

    private let loop: SocketLoop
    private let configuration: PostgresConfiguration
    private var shared: [WireConnection] = []
    private var idle: [WireConnection] = []
    private var exclusiveCount = 0
    private var statements: Deque<WaitingStatement> = []
    private var transactions: Deque<WaitingTransaction> = []
    private var sharedMissing = 0
    private var backoff = ConnectionPool.reconnectFirst
    private var isClosed = false

    init(loop: SocketLoop, configuration: PostgresConfiguration) {
        self.loop = loop
        self.configuration = configuration
    }

    func start() {
        loop.everyTick(for: self) { [unowned self] in expire($0) }
        for _ in 0..<configuration.sharedConnections { openShared() }
    }

    // MARK: Single statements

    func execute(_ statement: PostgresStatement, finish: @escaping (WireOutcome) -> Void) {
        guard !isClosed else { return finish(.failure(PostgresError(.closed), statementIndex: 0)) }
        if statements.isEmpty, let connection = freeShared() {
            send(statement, on: connection, finish)
        } else if statements.count < configuration.waitingMax {
            statements.append(
                WaitingStatement(statement: statement, giveUpAt: .now + configuration.poolWaitMax, finish: finish))
        } else {
            finish(.failure(PostgresError(.overloaded), statementIndex: 0))
        }
    }

    private func send(_ statement: PostgresStatement, on connection: WireConnection, _ finish: @escaping (WireOutcome) -> Void) {
        connection.submit([statement], deadline: .now + configuration.answerTimeout) { [unowned self] outcome in
            finish(outcome)
            drainStatements()
        }
    }

    private func freeShared() -> WireConnection? {
        shared.filter { $0.phase == .ready && $0.depth < configuration.pipelineDepthMax }.min { $0.depth < $1.depth }
    }

    private func drainStatements() {
        while !statements.isEmpty, let connection = freeShared(), let next = statements.popFirst() {
            send(next.statement, on: connection, next.finish)
        }
    }

    private func openShared() {
        guard !isClosed else { return }
        let connection = WireConnection(
            loop: loop, configuration: configuration, applicationName: configuration.applicationName
        ) { [unowned self] result in
            switch result {
            case .success(let connection):
                backoff = Self.reconnectFirst
                shared.append(connection)
                connection.onClose = { [unowned self, unowned connection] in
                    shared.removeAll { $0 === connection }
                    opening.removeAll { $0 === connection }
                    reopenSharedLater()
                }
                drainStatements()
            case .failure:
                reopenSharedLater()
            }
            opening.removeAll { $0.phase != .connecting }
        }
        opening.append(connection)
    }

    /// Connections that are being opened, kept alive until they report.
    private var opening: [WireConnection] = []

    private func reopenSharedLater() {
        guard !isClosed else { return }
        let jitter = Double.random(in: 0.5...1.5)
        loop.after(backoff * jitter) { [unowned self] in openShared() }
        backoff = min(backoff * 2, Self.reconnectLongest)
    }

    // MARK: Connections for one caller

    func checkOut(finish: @escaping (Result<WireConnection, PostgresError>) -> Void) {
        guard !isClosed else { return finish(.failure(PostgresError(.closed))) }
        if let connection = idle.popLast() { return finish(.success(connection)) }
        guard exclusiveCount < configuration.transactionConnectionsMax else {
            guard transactions.count < configuration.waitingMax else {
                return finish(.failure(PostgresError(.overloaded)))
            }
            transactions.append(WaitingTransaction(giveUpAt: .now + configuration.poolWaitMax, finish: finish))
            return
        }
        exclusiveCount += 1
        open(applicationName: configuration.applicationName) { [unowned self] result in
            if case .failure = result { exclusiveCount -= 1 }
            if case .success(let connection) = result {
                connection.onClose = { [unowned self, unowned connection] in
                    exclusiveCount -= 1
                    idle.removeAll { $0 === connection }
                }
            }
            finish(result)
        }
    }

    /// Takes a connection back; one that is not clean is ended.
    func checkIn(_ connection: WireConnection, isClean: Bool) {
        guard isClean, !isClosed, connection.phase == .ready else {
            connection.close()
            serveNextTransaction()
            return
        }
        if let next = transactions.popFirst() {
            next.finish(.success(connection))
        } else {
            idle.append(connection)
        }
    }

    private func serveNextTransaction() {
        guard let next = transactions.popFirst() else { return }
        checkOut(finish: next.finish)
    }

    func open(applicationName: String, finish: @escaping (Result<WireConnection, PostgresError>) -> Void) {
        guard !isClosed else { return finish(.failure(PostgresError(.closed))) }
        let connection = WireConnection(loop: loop, configuration: configuration, applicationName: applicationName) {
            [unowned self] result in
            opening.removeAll { $0.phase != .connecting }
            finish(result)
        }
        opening.append(connection)
    }

    // MARK: Bounds and end

    private func expire(_ now: ContinuousClock.Instant) {
        while let first = statements.first, first.giveUpAt <= now {
            statements.removeFirst()
            first.finish(.failure(PostgresError(.overloaded), statementIndex: 0))
        }
        while let first = transactions.first, first.giveUpAt <= now {
            transactions.removeFirst()
            first.finish(.failure(PostgresError(.overloaded)))
        }
    }

    func shutdown() {
        isClosed = true
        loop.everyTick(for: self, nil)
        for waiting in statements { waiting.finish(.failure(PostgresError(.closed), statementIndex: 0)) }
        for waiting in transactions { waiting.finish(.failure(PostgresError(.closed))) }
        statements = []
        transactions = []
        for connection in shared + idle + opening { connection.close() }
        loop.stop()
    }
}
