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
    static let reconnectLongest = Duration.seconds(1)
    /// A shared connection whose oldest statement has waited this long is given no more while another is free: answers
    /// come in order, and whatever is sent would wait behind it.
    static let stalledAfter = Duration.milliseconds(100)

    private let loop: SocketLoop
    private let configuration: PostgresConfiguration
    private let resolver: HostResolver
    private var shared: [WireConnection] = []
    private var idle: [WireConnection] = []
    /// Connections in the hands of a caller.
    private var lent: [WireConnection] = []
    /// Connections that are being opened, kept alive until they report.
    private var opening: [WireConnection] = []
    /// Connections for transactions: idle, lent or being opened.
    private var exclusiveCount = 0
    private var statements: Deque<WaitingStatement> = []
    private var transactions: Deque<WaitingTransaction> = []
    private var backoff = ConnectionPool.reconnectFirst
    private var isClosed = false

    init(loop: SocketLoop, configuration: PostgresConfiguration) {
        self.loop = loop
        self.configuration = configuration
        resolver = HostResolver(loop: loop, url: configuration.url)
    }

    func start() {
        loop.everyTick(for: self) { [weak self] in self?.expire($0) }
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

    /// A statement whose prepared form has become stale was not carried out, and is sent once more.
    private func send(
        _ statement: PostgresStatement, on connection: WireConnection, isRepeated: Bool = false,
        _ finish: @escaping (WireOutcome) -> Void
    ) {
        connection.submit([statement], deadline: .now + configuration.answerTimeout) {
            [unowned self, unowned connection] outcome in
            if case .failure(let error, _) = outcome, error.isStalePlan, !isRepeated, connection.phase == .ready {
                return send(statement, on: connection, isRepeated: true, finish)
            }
            finish(outcome)
            drainStatements()
        }
    }

    private func freeShared() -> WireConnection? {
        let free = shared.filter { $0.phase == .ready && $0.depth < configuration.pipelineDepthMax }
        guard free.count > 1 else { return free.first }
        let now = ContinuousClock.now
        let fluent = free.filter { $0.waitingSince.map { now - $0 < Self.stalledAfter } ?? true }
        return (fluent.isEmpty ? free : fluent).min { $0.depth < $1.depth }
    }

    private func drainStatements() {
        while !statements.isEmpty, let connection = freeShared(), let next = statements.popFirst() {
            send(next.statement, on: connection, next.finish)
        }
    }

    private func openShared() {
        connect(applicationName: configuration.applicationName) { [unowned self] result in
            guard case .success(let connection) = result else { return reopenSharedLater() }
            backoff = Self.reconnectFirst
            shared.append(connection)
            connection.onClose = { [unowned self, unowned connection] in
                shared.removeAll { $0 === connection }
                reopenSharedLater()
            }
            configuration.onConnect?()
            drainStatements()
        }
    }

    private func reopenSharedLater() {
        guard !isClosed else { return }
        let jitter = Double.random(in: 0.5...1.5)
        loop.after(backoff * jitter) { [unowned self] in openShared() }
        backoff = min(backoff * 2, Self.reconnectLongest)
    }

    // MARK: Connections for one caller

    func checkOut(finish: @escaping (Result<WireConnection, PostgresError>) -> Void) {
        guard !isClosed else { return finish(.failure(PostgresError(.closed))) }
        if let connection = idle.popLast() {
            lent.append(connection)
            return finish(.success(connection))
        }
        guard exclusiveCount < configuration.transactionConnectionsMax else {
            guard transactions.count < configuration.waitingMax else {
                return finish(.failure(PostgresError(.overloaded)))
            }
            transactions.append(WaitingTransaction(giveUpAt: .now + configuration.poolWaitMax, finish: finish))
            return
        }
        openExclusive(finish)
    }

    private func openExclusive(_ finish: @escaping (Result<WireConnection, PostgresError>) -> Void) {
        exclusiveCount += 1
        connect(applicationName: configuration.applicationName) { [unowned self] result in
            switch result {
            case .success(let connection):
                lent.append(connection)
                connection.onClose = { [unowned self, unowned connection] in
                    exclusiveCount -= 1
                    idle.removeAll { $0 === connection }
                    lent.removeAll { $0 === connection }
                    serveNextTransaction()
                }
                finish(result)
            case .failure:
                exclusiveCount -= 1
                finish(result)
                serveNextTransaction()
            }
        }
    }

    /// Takes a connection back; one that is not clean is ended.
    func checkIn(_ connection: WireConnection, isClean: Bool) {
        guard isClean, !isClosed, connection.phase == .ready else {
            connection.close()
            return
        }
        if let next = transactions.popFirst() {
            next.finish(.success(connection))
        } else {
            lent.removeAll { $0 === connection }
            idle.append(connection)
        }
    }

    /// A place has become free: whoever has waited longest opens a connection in it.
    private func serveNextTransaction() {
        guard !isClosed, exclusiveCount < configuration.transactionConnectionsMax,
            let next = transactions.popFirst()
        else { return }
        openExclusive(next.finish)
    }

    /// Opens a connection that is the caller's alone and not counted.
    func open(applicationName: String, finish: @escaping (Result<WireConnection, PostgresError>) -> Void) {
        connect(applicationName: applicationName) { [unowned self] result in
            if case .success(let connection) = result {
                lent.append(connection)
                connection.onClose = { [unowned self, unowned connection] in lent.removeAll { $0 === connection } }
            }
            finish(result)
        }
    }

    private func connect(
        applicationName: String, finish: @escaping (Result<WireConnection, PostgresError>) -> Void
    ) {
        guard !isClosed else { return finish(.failure(PostgresError(.closed))) }
        let connection = WireConnection(
            loop: loop, resolver: resolver, configuration: configuration, applicationName: applicationName
        ) { [unowned self] result in
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
        guard !isClosed else { return }
        isClosed = true
        loop.everyTick(for: self, nil)
        while let waiting = statements.popFirst() {
            waiting.finish(.failure(PostgresError(.closed), statementIndex: 0))
        }
        while let waiting = transactions.popFirst() { waiting.finish(.failure(PostgresError(.closed))) }
        for connection in shared + idle + opening + lent { connection.close() }
        loop.stop()
    }
}
