import CLibPQ
import Collections
import Synchronization

/// One libpq connection in pipeline mode; lives on the loop's thread.
///
/// Each submission ends with a synchronisation point of its own, so an error in one never touches another's statements.
/// A submission that passes its deadline takes the connection with it: PostgreSQL answers in order, so nothing behind a
/// silent answer can be had either.
final class WireConnection: @unchecked Sendable {  // Guard: touched on the loop's thread only.
    enum Phase { case connecting, ready, closed }

    private(set) var phase = Phase.connecting
    private(set) var backendPID: Int32 = 0
    /// Whether the connection is ready, as far as is known; may be read on any thread.
    let isOpen = Atomic(false)
    private let loop: SocketLoop
    private var handle: OpaquePointer?
    private var socket: Int32 = -1
    private var connectDeadline: ContinuousClock.Instant
    private var inFlight: Deque<WireSubmission> = []
    private var prepared = PreparedStatements()
    private var onConnect: ((Result<WireConnection, PostgresError>) -> Void)?
    /// Called once when a ready connection ends.
    var onClose: (() -> Void)?

    /// Begins to connect; `onConnect` is told how it went.
    ///
    /// Nothing here blocks: names of hosts are resolved elsewhere.
    init(
        loop: SocketLoop, resolver: HostResolver, configuration: PostgresConfiguration, applicationName: String,
        onConnect: @escaping (Result<WireConnection, PostgresError>) -> Void
    ) {
        self.loop = loop
        self.onConnect = onConnect
        connectDeadline = .now + configuration.connectTimeout
        // Weak: a check of the same tick may have ended this connection and let it go.
        loop.everyTick(for: self) { [weak self] in self?.checkDeadlines($0) }
        resolver.resolve { [weak self] result in
            guard let self, phase == .connecting else { return }
            switch result {
            case .success(let addresses):
                begin(ConnectionString.start(configuration, applicationName: applicationName, addresses: addresses))
            case .failure(let error): endLater(error)
            }
        }
    }

    private func begin(_ handle: OpaquePointer?) {
        self.handle = handle
        guard let handle, PQstatus(handle) != CONNECTION_BAD else {
            return endLater(PostgresError(.connectionLost(message())))
        }
        // Notices are of no use to a worker, and libpq would print them.
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
        watchSocket(isWriting: true)
    }

    /// Ends after the caller has finished setting up.
    private func endLater(_ error: PostgresError) {
        loop.after(.zero) { self.end(error) }
    }

    /// How many submissions are under way.
    var depth: Int { inFlight.count }

    /// Since when the oldest submission under way is waited for.
    var waitingSince: ContinuousClock.Instant? { inFlight.first?.sentAt }

    /// Sends statements; `finish` hears the outcome.
    ///
    /// On a closed connection it hears at once that nothing was sent.
    func submit(
        _ statements: [PostgresStatement], deadline: ContinuousClock.Instant, finish: @escaping (WireOutcome) -> Void
    ) {
        guard phase == .ready, let handle else {
            finish(.failure(PostgresError(.connectionLost("not connected")), statementIndex: 0))
            return
        }
        var submission = WireSubmission(statements: statements, deadline: deadline, finish: finish)
        for index in statements.indices {
            guard send(statements[index], index: index, to: handle, expecting: &submission.expected) else {
                inFlight.append(submission)
                end(PostgresError(.connectionLost(message())))
                return
            }
        }
        submission.expected.append(.synchronise)
        inFlight.append(submission)
        guard PQpipelineSync(handle) == 1 else {
            end(PostgresError(.connectionLost(message())))
            return
        }
        flush()
    }

    /// Ends the connection; whatever is under way hears that its outcome is unknown.
    func close() {
        end(PostgresError(.connectionLost("closed by the client")))
    }

    // MARK: Sending

    private func send(
        _ statement: PostgresStatement, index: Int, to handle: OpaquePointer, expecting: inout [WireSubmission.Step]
    ) -> Bool {
        let types = statement.parameters.map(BinaryFormat.objectID)
        let use = prepared.use(of: statement.sql, types: types)
        if case .prepareFirst(let name) = use {
            guard PQsendPrepare(handle, name, statement.sql, Int32(types.count), types) == 1 else { return false }
            expecting.append(.prepare(statement: index, name: name))
        }
        expecting.append(.execute(statement: index, name: use.name))
        return ParameterBuffers(statement.parameters).withPointers { values, lengths, formats in
            if let name = use.name {
                PQsendQueryPrepared(handle, name, Int32(types.count), values, lengths, formats, 1) == 1
            } else {
                PQsendQueryParams(handle, statement.sql, Int32(types.count), types, values, lengths, formats, 1) == 1
            }
        }
    }

    private func flush() {
        guard let handle else { return }
        switch PQflush(handle) {
        case 0: loop.update(socket, isWriting: false)
        case 1: loop.update(socket, isWriting: true)
        default: end(PostgresError(.connectionLost(message())))
        }
    }

    // MARK: Events

    private func watchSocket(isWriting: Bool) {
        guard let handle else { return }
        let current = PQsocket(handle)
        if current != socket {
            if socket >= 0 { loop.remove(socket) }
            socket = current
            loop.add(socket, isWriting: isWriting) { [weak self] in self?.socketReady($0) }
        } else {
            loop.update(socket, isWriting: isWriting)
        }
    }

    private func socketReady(_ events: UInt32) {
        switch phase {
        case .connecting: continueConnecting()
        case .ready:
            if events & EPOLLOUT.rawValue != 0 { flush() }
            if events & ~EPOLLOUT.rawValue != 0 { receive() }
        case .closed: break
        }
    }

    private func continueConnecting() {
        guard let handle else { return }
        switch PQconnectPoll(handle) {
        case PGRES_POLLING_READING: watchSocket(isWriting: false)
        case PGRES_POLLING_WRITING: watchSocket(isWriting: true)
        case PGRES_POLLING_OK: becomeReady(handle)
        default: end(PostgresError(.connectionLost(message())))
        }
    }

    private func becomeReady(_ handle: OpaquePointer) {
        watchSocket(isWriting: false)
        guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
            end(PostgresError(.connectionLost(message())))
            return
        }
        backendPID = PQbackendPID(handle)
        phase = .ready
        isOpen.store(true, ordering: .relaxed)
        onConnect?(.success(self))
        onConnect = nil
    }

    private func checkDeadlines(_ now: ContinuousClock.Instant) {
        if phase == .connecting, now >= connectDeadline { end(PostgresError(.timedOut)) }
        // Deadlines are given in the order of submission: the first is the earliest.
        if let first = inFlight.first, now >= first.deadline { end(PostgresError(.timedOut)) }
    }

    // MARK: Receiving

    private func receive() {
        guard let handle else { return }
        guard PQconsumeInput(handle) == 1 else {
            end(PostgresError(.connectionLost(message())))
            return
        }
        var emptyAnswers = 0
        while phase == .ready, !inFlight.isEmpty, PQisBusy(handle) == 0, emptyAnswers < 2 {
            // Between two commands libpq answers with one null; two in a row mean that nothing is there.
            guard let result = PQgetResult(handle) else {
                emptyAnswers += 1
                continue
            }
            emptyAnswers = 0
            take(result)
            PQclear(result)
        }
    }

    private func take(_ result: OpaquePointer) {
        guard var submission = inFlight.popFirst() else { return endOutOfStep() }
        guard let step = submission.expected.first else {
            inFlight.prepend(submission)
            return endOutOfStep()
        }
        submission.expected.removeFirst()
        let status = PQresultStatus(result)
        switch step {
        case .synchronise where status == PGRES_PIPELINE_SYNC:
            return finish(submission)
        case .synchronise:
            // The implicit commit at the synchronisation point failed, as a deferred constraint makes it.
            note(result, status, at: submission.statements.count - 1, in: &submission)
            submission.expected.append(.synchronise)
            if submission.failure == nil {
                inFlight.prepend(submission)
                return endOutOfStep()
            }
        case .prepare(let index, let name):
            if status == PGRES_COMMAND_OK {
                prepared.confirm(name)
            } else {
                prepared.forget(name)
                note(result, status, at: index, in: &submission)
            }
        case .execute(let index, let name):
            if status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK {
                submission.results.append(ResultCopy.rows(of: result))
            } else {
                note(result, status, at: index, in: &submission)
                if let name, submission.failure?.error.isStalePlan == true { prepared.forget(name) }
            }
        }
        inFlight.prepend(submission)
    }

    private func endOutOfStep() {
        end(PostgresError(.connectionLost("results and statements are out of step")))
    }

    private func note(
        _ result: OpaquePointer, _ status: ExecStatusType, at index: Int, in submission: inout WireSubmission
    ) {
        guard status != PGRES_PIPELINE_ABORTED, submission.failure == nil else { return }
        submission.failure = (ResultCopy.error(of: result), index)
    }

    private func finish(_ submission: WireSubmission) {
        if let failure = submission.failure {
            submission.finish(.failure(failure.error, statementIndex: failure.statementIndex))
        } else {
            submission.finish(.success(submission.results))
        }
    }

    // MARK: Ending

    private func end(_ error: PostgresError) {
        guard phase != .closed else { return }
        let wasConnecting = phase == .connecting
        phase = .closed
        isOpen.store(false, ordering: .relaxed)
        loop.everyTick(for: self, nil)
        if socket >= 0 { loop.remove(socket) }
        if let handle { PQfinish(handle) }
        handle = nil
        let lost = inFlight
        inFlight = []
        for submission in lost { submission.finish(.unknown(error)) }
        if wasConnecting { onConnect?(.failure(error)) } else { onClose?() }
        onConnect = nil
        onClose = nil
    }

    private func message() -> String {
        guard let handle, let text = PQerrorMessage(handle) else { return "out of memory" }
        return String(cString: text).split(separator: "\n").joined(separator: " ")
    }
}
