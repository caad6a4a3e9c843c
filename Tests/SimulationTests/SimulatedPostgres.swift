import Identifiers
import Leases
import Postgres
import ReplicationLog

/// PostgreSQL as far as the log needs it: sessions, one lock a head, commits that become visible late, crashes, backups.
final class SimulatedPostgres {
    struct Row: Equatable {
        let shard: ShardID
        let sequence: ShardSequence
        let epoch: Epoch
        let key: String
    }

    struct Lease {
        var owner: WorkerID?
        var epoch = Epoch(0)
        var expiresAt = Duration.zero
    }

    struct Head {
        var epoch = Epoch(0)
        var sequence = ShardSequence.zero
    }

    /// What is on disk.
    struct State {
        var heads: [ShardID: Head] = [:]
        var leases: [ShardID: Lease] = [:]
        /// The base tables: everything.
        var rows: [ShardID: [Row]] = [:]
        /// The log has what came after this.
        var logStart: [ShardID: ShardSequence] = [:]
        var commands: Set<String> = []
        var generation: Int64 = 1
        var survivors: [(generation: Int64, heads: [ShardID: ShardSequence])] = []
        var isHistoryKnown = true
    }

    final class Session {
        let worker: WorkerID
        let isForCommits: Bool
        /// The server has it.
        var isOpen = true
        /// The client has it.
        var isUsable = true
        /// What clients hear when the session ends before its answer.
        var requests: [Int: () -> Void] = [:]

        init(worker: WorkerID, isForCommits: Bool) {
            self.worker = worker
            self.isForCommits = isForCommits
        }
    }

    static let leaseTime = Duration.seconds(5)

    private unowned let simulation: Simulation
    private(set) var state = State()
    private(set) var sessions: [Session] = []
    /// Transactions of several shards that took effect.
    private(set) var jointCommits = 0
    /// Acknowledged or not: gone with a restore.
    private(set) var lostToRestore: Set<String> = []
    private var backup: State?
    private var upSince = Duration.zero
    private var downUntil = Duration.zero
    private var numbered = 0
    private let locks: SimulatedLocks
    /// Durable, but not yet to be seen.
    private var committing: [Int: () -> Void] = [:]
    /// What names one thing in every course of history.
    private struct Name<Value: Hashable>: Hashable {
        let generation: Int64
        let shard: ShardID
        let value: Value
    }

    /// Every position that was ever given.
    private var given: [Name<ShardSequence>: String] = [:]
    private var owners: [Name<Epoch>: WorkerID] = [:]

    init(_ simulation: Simulation) {
        self.simulation = simulation
        locks = SimulatedLocks(simulation)
        for shard in shards {
            state.heads[shard] = Head()
            state.leases[shard] = Lease()
            state.rows[shard] = []
            state.logStart[shard] = .zero
        }
    }

    var shards: [ShardID] { (0..<simulation.settings.shards).map { ShardID(Int16($0)) } }
    private var isUp: Bool { simulation.now >= downUntil }

    /// A number of no other request or transaction.
    private func nextNumber() -> Int {
        numbered += 1
        return numbered
    }

    // MARK: Sessions

    func connect(_ worker: WorkerID, isForCommits: Bool) -> Session? {
        guard isUp else { return nil }
        let session = Session(worker: worker, isForCommits: isForCommits)
        sessions.append(session)
        return session
    }

    /// Sends something on a session: it is carried out there, later, and answered; or nobody knows.
    func request<Answer>(
        on session: Session, lost: @escaping () -> Void, _ carryOut: @escaping (@escaping (Answer) -> Void) -> Void,
        answer: @escaping (Answer) -> Void
    ) {
        guard session.isOpen, session.isUsable else { return simulation.afterNetwork(lost) }
        let number = nextNumber()
        session.requests[number] = lost
        simulation.afterNetwork { [simulation] in
            guard session.isOpen else { return }
            carryOut { result in
                simulation.afterNetwork {
                    if session.requests.removeValue(forKey: number) != nil { answer(result) }
                }
            }
        }
    }

    /// The client loses sight of the session; the server goes on with what was sent, and notices later.
    func cut(_ session: Session) {
        guard session.isUsable else { return }
        simulation.note("cut a session of \(session.worker)")
        session.isUsable = false
        tellLost(session)
        simulation.after(simulation.between(0.5, 3)) { [self] in terminate(session) }
    }

    /// Ends the session: what is not durable yet is rolled back.
    func terminate(_ session: Session) {
        guard session.isOpen else { return }
        simulation.note("terminate a session of \(session.worker)")
        (session.isOpen, session.isUsable) = (false, false)
        sessions.removeAll { $0 === session }
        locks.leave(session, of: shards) { committing[$0] != nil }
        tellLost(session)
    }

    func terminateCommitSessions(of worker: WorkerID) {
        for session in sessions where session.isForCommits && session.worker == worker { terminate(session) }
    }

    private func tellLost(_ session: Session) {
        let requests = session.requests.sorted { $0.key < $1.key }
        session.requests = [:]
        for (_, lost) in requests { simulation.afterNetwork(lost) }
    }

    func isConnected(_ worker: WorkerID) -> Bool { sessions.contains { !$0.isForCommits && $0.worker == worker } }

    // MARK: Commits

    /// One shard's part of a transaction.
    struct Part {
        let shard: ShardID
        let epoch: Epoch
        let work: GroupCommit
    }

    /// `BEGIN`, the fence of all parts, their rows and `COMMIT`, sent at once.
    func batch(_ parts: [Part], on session: Session, reply: @escaping (BatchOutcome) -> Void) {
        request(
            on: session, lost: { reply(.inDoubt(PostgresError(.connectionLost("simulated")))) },
            { [self] answer in
                let number = nextNumber()
                locks.lock(parts.map(\.shard), as: number, for: session) { [self] in
                    execute(parts, number, answer)
                } timedOut: {
                    answer(.failed(Self.error("55P03"), statementIndex: 0))
                }
            }, answer: reply)
    }

    private func execute(_ parts: [Part], _ number: Int, _ answer: @escaping (BatchOutcome) -> Void) {
        let release = { [self] in
            for part in parts { locks.release(part.shard, number) }
        }
        guard isThroughFence(parts) else {
            release()
            return answer(.failed(Self.error(AppendTurn.fencedState), statementIndex: 0))
        }
        simulation.after(simulation.chance(0.03) ? simulation.between(0.1, 6) : simulation.between(0.0002, 0.01)) {
            [self] in
            guard locks.holder(of: parts[0].shard)?.number == number else { return }  // Ended meanwhile.
            if parts.contains(where: { $0.work.entries.contains { $0.key.hasPrefix("poison") } }) {
                release()
                return answer(.failed(Self.error("22021"), statementIndex: 1))
            }
            committing[number] = { [self] in
                for part in parts { apply(part.work, part.shard, part.epoch) }
                if parts.count > 1 { jointCommits += 1 }
            }
            simulation.after(simulation.between(0, 0.005)) { [self] in
                guard let commit = committing.removeValue(forKey: number) else { return }
                commit()
                release()
                answer(.committed([]))
            }
        }
    }

    private func isThroughFence(_ parts: [Part]) -> Bool {
        let isExpected = parts.map { part in
            let head = state.heads[part.shard] ?? Head()
            return head.epoch == part.epoch && head.sequence == part.work.base
        }
        switch simulation.settings.mutation {
        case .noFence: return true
        case .fenceOfAny: return isExpected.contains(true)
        default: return isExpected.allSatisfy { $0 }
        }
    }

    private func apply(_ work: GroupCommit, _ shard: ShardID, _ epoch: Epoch) {
        if let last = state.rows[shard]?.last, last.epoch > epoch { simulation.fail("shard \(shard): epoch went back") }
        let last = state.heads[shard]?.sequence ?? .zero
        if last != work.base { simulation.fail("shard \(shard): \(work.sequence(of: 0)) is written after \(last)") }
        for (index, entry) in work.entries.enumerated() {
            let sequence = work.sequence(of: index)
            let name = Name(generation: state.generation, shard: shard, value: sequence)
            if let earlier = given.updateValue(entry.key, forKey: name) {
                simulation.fail("shard \(shard): \(sequence) was \(earlier), now it is \(entry.key)")
            }
            state.rows[shard]?.append(Row(shard: shard, sequence: sequence, epoch: epoch, key: entry.key))
            state.commands.insert(entry.key)
        }
        state.heads[shard]?.sequence = work.head
        simulation.note("shard \(shard) epoch \(epoch.value): \(work.entries.map(\.key)) up to \(work.head)")
    }

    private static func error(_ state: String) -> PostgresError {
        PostgresError(.server(sqlState: state, message: "simulated"))
    }

    // MARK: Leases

    func view() -> ShardLeasePlan.View {
        let now = simulation.now
        let leases = shards.map { shard in
            let lease = state.leases[shard] ?? Lease()
            return ShardLeasePlan.Lease(
                shard: shard, owner: lease.owner, epoch: lease.epoch, isExpired: lease.expiresAt < now,
                isOwnerConnected: lease.owner.map { isConnected($0) } ?? false)
        }
        let ready = simulation.writers.values.filter {
            !$0.isDraining && isConnected($0.id) && now - $0.seenAt < .seconds(5)
        }
        return ShardLeasePlan.View(
            leases: leases, readyWriters: ready.map(\.id).sorted(),
            isInGrace: now - upSince < Self.leaseTime && upSince > .zero,
            isHistoryKnown: state.isHistoryKnown || simulation.settings.mutation == .noGeneration)
    }

    /// Raises the epoch for `worker` once nobody holds the head; `nil` when `condition` does not hold then.
    func raiseEpoch(
        _ shard: ShardID, for worker: WorkerID, on session: Session, where condition: @escaping (Lease) -> Bool,
        answer: @escaping (OwnedShard?) -> Void, timedOut: @escaping () -> Void
    ) {
        let number = nextNumber()
        locks.lock([shard], as: number, for: session) { [self] in
            let lease = state.leases[shard] ?? Lease()
            let mayWrite = state.isHistoryKnown || simulation.settings.mutation == .noGeneration
            guard condition(lease), mayWrite, var head = state.heads[shard] else {
                locks.release(shard, number)
                return answer(nil)
            }
            let epoch = Epoch(lease.epoch.value + 1)
            let name = Name(generation: state.generation, shard: shard, value: epoch)
            if let other = owners.updateValue(worker, forKey: name), other != worker {
                simulation.fail("shard \(shard): epoch \(epoch.value) is \(other)'s and \(worker)'s")
            }
            state.leases[shard] = Lease(owner: worker, epoch: epoch, expiresAt: simulation.now + Self.leaseTime)
            head.epoch = epoch
            state.heads[shard] = head
            simulation.note("shard \(shard) epoch \(epoch.value) is \(worker)'s at \(head.sequence)")
            locks.release(shard, number)
            answer(OwnedShard(shard: shard, epoch: epoch, head: head.sequence, generation: state.generation))
        } timedOut: {
            timedOut()
        }
    }

    func renew(_ worker: WorkerID) -> Set<ShardID> {
        let mine = shards.filter { state.leases[$0]?.owner == worker }
        for shard in mine { state.leases[shard]?.expiresAt = simulation.now + Self.leaseTime }
        return Set(mine)
    }

    func handOver(_ shard: ShardID, from worker: WorkerID, to successor: WorkerID?) {
        guard var lease = state.leases[shard], lease.owner == worker else { return }
        lease.owner = successor
        lease.epoch = Epoch(lease.epoch.value + 1)
        lease.expiresAt = successor == nil ? .zero : simulation.now + Self.leaseTime
        state.leases[shard] = lease
        simulation.note("shard \(shard) handed to \(successor?.text ?? "nobody")")
    }

    // MARK: Reading

    /// A shard's head and its entries after `position`, as a statement sees them now.
    func reading(_ shard: ShardID, after position: ShardSequence) -> HeadReading? {
        let head = state.heads[shard]?.sequence ?? .zero
        let start = state.logStart[shard] ?? .zero
        return HeadReading(
            shard: shard, head: head, generation: state.generation,
            entries: rows(shard, after: max(position, start), upTo: head).map {
                LogEntry(
                    shard: shard, sequence: $0.sequence, epoch: $0.epoch, kind: .event, key: ByteOrderedText($0.key))
            })
    }

    /// The base tables' rows of a shard between two positions.
    func rows(_ shard: ShardID, after: ShardSequence, upTo: ShardSequence) -> ArraySlice<Row> {
        let rows = state.rows[shard] ?? []
        let start = rows.lastIndex { $0.sequence <= after }.map { $0 + 1 } ?? 0
        return rows[start...].prefix { $0.sequence <= upTo }
    }

    var heads: Cut {
        Cut(generation: state.generation, positions: shards.map { state.heads[$0]?.sequence ?? .zero })
    }

    // MARK: Faults

    func emptyLog() {
        simulation.note("the log is emptied")
        for shard in shards { state.logStart[shard] = state.heads[shard]?.sequence }
    }

    /// A crash: every session ends; what was durable and not yet seen is there afterwards.
    func restart(down: Duration) {
        simulation.note("PostgreSQL crashes for \(down)")
        downUntil = simulation.now + down
        upSince = downUntil
        for commit in committing.sorted(by: { $0.key < $1.key }) { commit.value() }
        committing = [:]
        locks.forgetAll()
        for session in sessions { terminate(session) }
    }

    func backUp() {
        simulation.note("backup at \(heads.positions)")
        backup = state
    }

    func restore(down: Duration) {
        guard let backup else { return }
        restart(down: down)
        let before = Set(state.rows.values.joined().map(\.key))
        state = backup
        let after = Set(state.rows.values.joined().map(\.key))
        lostToRestore.formUnion(before.subtracting(after))
        lostToRestore.subtract(after)
        state.isHistoryKnown = false
        simulation.note("restored to \(heads.positions)")
    }

    /// What ``ClusterGeneration`` does in one statement.
    func beginGeneration(whereHeadsAreBehind known: Cut?) {
        guard simulation.settings.mutation != .noGeneration else { return }
        let isBehind = known.map { known in
            known.generation == state.generation && !heads.isAtLeast(known)
        }
        guard !state.isHistoryKnown || isBehind ?? false else { return }
        state.generation = max(state.generation + 1, Int64(simulation.now / .milliseconds(1)))
        state.isHistoryKnown = true
        state.survivors.append((state.generation, state.heads.mapValues(\.sequence)))
        for shard in shards {
            let epoch = Epoch((state.leases[shard]?.epoch.value ?? 0) + 1)
            let survived = state.heads[shard]?.sequence.value ?? 0
            state.leases[shard] = Lease(owner: nil, epoch: epoch, expiresAt: .zero)
            state.heads[shard] = Head(epoch: epoch, sequence: ShardSequence(survived + ClusterGeneration.jump))
        }
        simulation.note("generation \(state.generation) begins at \(heads.positions)")
    }

    func surviving(_ cut: Cut) -> Cut {
        var positions = cut.positions
        for (generation, heads) in state.survivors where generation > cut.generation {
            for shard in shards {
                positions[Int(shard.number)] = min(positions[Int(shard.number)], heads[shard] ?? .zero)
            }
        }
        return Cut(generation: state.generation, positions: positions)
    }
}
