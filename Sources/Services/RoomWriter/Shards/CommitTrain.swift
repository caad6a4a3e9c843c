import Collections
import Postgres
import ReplicationLog
import Storage
import Synchronization

// Under load most shards of a writer have a few commands each, and a transaction for every shard costs more than the rows
// in it. So few transactions are under way at a time, and whoever waits for one goes along with the others who wait. A
// shard's batch goes on filling until the train really leaves; alone on the line, it leaves at once.

/// Takes the batches of shards to the database, those that are ready at the same time together.
final class CommitTrain: Sendable {
    /// Transactions under way at once.
    static let transactionsMax = 3
    /// Shards that go together; more wait for the next.
    static let shardsMax = 32

    /// What a shard takes along.
    struct Load: Sendable {
        let appender: ShardAppender
        let rows: CommitRows
        let results: [(command: [UInt8], reply: [UInt8])]

        /// The batch by itself.
        var work: GroupCommit {
            GroupCommit(
                base: rows.base, entries: rows.entries, results: results,
                statements: CommitTrain.statements(of: [self]))
        }

        /// Without its statements: they are sent once for all.
        fileprivate var part: JointCommit.Part {
            JointCommit.Part(
                appender: appender,
                work: GroupCommit(base: rows.base, entries: rows.entries, results: results, statements: []))
        }
    }

    private struct Waiting {
        let goesAlone: Bool
        let continuation: CheckedContinuation<Departure, Never>
    }

    private struct State {
        var free: Int
        var waiting: Deque<Waiting> = []
    }

    private let connections: CommitConnections
    private let state: Mutex<State>

    init(connections: CommitConnections, transactionsMax: Int = transactionsMax) {
        self.connections = connections
        state = Mutex(State(free: transactionsMax))
    }

    /// Waits for a place; then it is time to close the batch.
    ///
    /// - Parameter goesAlone: nobody else is to go along, because the batch may well be refused.
    func board(alone goesAlone: Bool) async -> Departure {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(Waiting(goesAlone: goesAlone, continuation: continuation))
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume(returning: Departure(train: self, seats: 1)) }
        }
    }

    /// A transaction is over: whoever waits goes next.
    fileprivate func arrived() {
        let next = state.withLock { state in
            guard let first = state.waiting.popFirst() else {
                state.free += 1
                return [Waiting]()
            }
            var next = [first]
            while !first.goesAlone, next.count < Self.shardsMax, let other = state.waiting.first, !other.goesAlone {
                next.append(other)
                state.waiting.removeFirst()
            }
            return next
        }
        guard !next.isEmpty else { return }
        let departure = Departure(train: self, seats: next.count)
        for waiting in next { waiting.continuation.resume(returning: departure) }
    }

    /// Commits loads together; those that are refused together, each alone.
    fileprivate func carry(_ loads: [Load]) async -> [AppendOutcome] {
        if loads.count > 1,
            let outcomes = await JointCommit.commit(
                loads.map(\.part), statements: Self.statements(of: loads), on: connections)
        {
            return outcomes
        }
        var outcomes: [AppendOutcome] = []
        for load in loads { outcomes.append(await load.appender.commit(load.work)) }
        return outcomes
    }

    private static func statements(of loads: [Load]) -> [PostgresStatement] {
        let commands = loads.flatMap { $0.results.map(\.command) }
        let rows = CommitRows.statements(of: loads.map(\.rows))
        return commands.isEmpty ? rows : [CommandResultStore.refuseRepeated(commands)] + rows
    }
}

/// One transaction about to leave: it does when everybody who has a seat has brought a load or left.
final class Departure: Sendable {
    private struct State {
        var expected: Int
        var loads: [CommitTrain.Load] = []
        var outcomes: [AppendOutcome]?
        var waiting: [(index: Int, continuation: CheckedContinuation<AppendOutcome, Never>)] = []
    }

    private let train: CommitTrain
    private let state: Mutex<State>

    fileprivate init(train: CommitTrain, seats: Int) {
        self.train = train
        state = Mutex(State(expected: seats))
    }

    /// Goes along with a load.
    func commit(_ load: CommitTrain.Load) async -> AppendOutcome {
        let (index, isLast) = state.withLock { state in
            state.loads.append(load)
            return (state.loads.count - 1, state.loads.count == state.expected)
        }
        if isLast { await go() }
        return await outcome(at: index)
    }

    /// Gives the seat up.
    func leave() async {
        let isLast = state.withLock { state in
            state.expected -= 1
            return state.loads.count == state.expected
        }
        if isLast { await go() }
    }

    private func go() async {
        let loads = state.withLock { $0.loads }
        let outcomes = loads.isEmpty ? [] : await train.carry(loads)
        train.arrived()
        let waiting = state.withLock { state in
            state.outcomes = outcomes
            defer { state.waiting = [] }
            return state.waiting
        }
        for (index, continuation) in waiting { continuation.resume(returning: outcomes[index]) }
    }

    private func outcome(at index: Int) async -> AppendOutcome {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state -> AppendOutcome? in
                if let outcomes = state.outcomes { return outcomes[index] }
                state.waiting.append((index, continuation))
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }
}
