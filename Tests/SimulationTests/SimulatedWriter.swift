import Identifiers
import Leases
import Postgres
import ReplicationLog
import TestSupport

/// A room-writer: leases, group commits and recoveries, decided by the code that runs in the cluster.
final class SimulatedWriter {
    enum Reply { case done, moved, refused }

    struct Command {
        let key: String
        let reply: (Reply) -> Void
    }

    private struct Shard {
        var turn: AppendTurn
        var head: ShardSequence
        var queue: [Command] = []
        var inFlight: [Command] = []
        var doubtful: [SimulatedPostgres.Session] = []
        var isRecovering = false
        /// Called once nothing is in flight any more; set when it is to be handed over.
        var whenFrozen: (() -> Void)?
    }

    /// Slower than in the cluster, to simulate more in the same time.
    static let tick = Duration.milliseconds(250)
    static let batchMax = 4

    let id: WorkerID
    private(set) var isDraining = false
    private(set) var seenAt: Duration
    private unowned let simulation: Simulation
    private var postgres: SimulatedPostgres { simulation.postgres }
    private let clockRate: Double
    private var tenure = ShardTenure<ManualClock.Instant>(believeMax: .seconds(4))
    private var shards: [ShardID: Shard] = [:]
    private var isDead = false
    private var pausedUntil = Duration.zero
    private var lease: SimulatedPostgres.Session?
    private var moves: SimulatedPostgres.Session?
    private var commits: [SimulatedPostgres.Session] = []
    private var wasConnected = false
    private var graceUntil = Duration.zero
    private var isMoving = false
    private var isPumpingLater = false

    init(_ id: WorkerID, _ simulation: Simulation) {
        self.id = id
        self.simulation = simulation
        seenAt = simulation.now
        clockRate = Double.random(in: 0.95...1.05, using: &simulation.random)
    }

    /// The worker's own clock, a little fast or slow.
    private var instant: ManualClock.Instant { .init(offset: simulation.now * clockRate) }

    func start() {
        renew()
        move()
        watch()
    }

    // MARK: Faults

    func pause(for duration: Duration) {
        simulation.note("\(id) is frozen for \(duration)")
        pausedUntil = max(pausedUntil, simulation.now + duration)
    }

    func kill() {
        simulation.note("\(id) is killed")
        isDead = true
        for session in [lease, moves].compactMap({ $0 }) + commits { postgres.cut(session) }
        simulation.ended(self)
    }

    func drain() {
        simulation.note("\(id) drains")
        isDraining = true
    }

    /// Runs when the process does: later while it is frozen, never once it is dead.
    private func run(_ action: @escaping () -> Void) {
        if isDead { return }
        if simulation.now < pausedUntil {
            simulation.after(pausedUntil - simulation.now) { [self] in run(action) }
        } else {
            action()
        }
    }

    private func every(_ delay: Duration, _ action: @escaping () -> Void) {
        simulation.after(delay) { [self] in run(action) }
    }

    // MARK: Leases

    private func renew() {
        if lease?.isUsable != true {
            lease = postgres.connect(id, isForCommits: false)
            guard lease != nil else { return every(Self.tick) { [self] in renew() } }
            if wasConnected { graceUntil = simulation.now + .seconds(5) }
            wasConnected = true
        }
        guard let lease else { return }
        let sent = instant
        postgres.request(on: lease, lost: { [self] in run { [self] in every(Self.tick) { [self] in renew() } } }) {
            [self] (answer: (Set<ShardID>) -> Void) in
            seenAt = simulation.now
            answer(postgres.renew(id))
        } answer: { [self] found in
            run { [self] in
                for shard in tenure.renewed(found, sent: sent) { lose(shard) }
                every(.seconds(1)) { [self] in renew() }
            }
        }
    }

    private func watch() {
        for shard in tenure.noLongerBelieved(at: instant) { lose(shard) }
        every(Self.tick) { [self] in watch() }
    }

    private func lose(_ shard: ShardID) {
        simulation.note("\(id) loses shard \(shard)")
        let dropped = shards.removeValue(forKey: shard)
        tenure.ended(shard)
        for command in (dropped?.inFlight ?? []) + (dropped?.queue ?? []) { command.reply(.moved) }
        dropped?.whenFrozen?()
    }

    private func move() {
        defer { every(Self.tick) { [self] in move() } }
        guard !isMoving, lease?.isUsable == true else { return }
        if moves?.isUsable != true { moves = postgres.connect(id, isForCommits: false) }
        guard let moves else { return }
        isMoving = true
        postgres.request(on: moves, lost: { [self] in isMoving = false }) {
            [self] (answer: (ShardLeasePlan.View) -> Void) in
            answer(postgres.view())
        } answer: { [self] view in
            run { [self] in act(on: view, moves) }
        }
    }

    private func act(on seen: ShardLeasePlan.View, _ session: SimulatedPostgres.Session) {
        guard seen.isHistoryKnown else {
            postgres.request(on: session, lost: { [self] in isMoving = false }) { [self] (answer: (Bool) -> Void) in
                postgres.beginGeneration(whereHeadsAreBehind: nil)
                answer(true)
            } answer: { [self] _ in
                isMoving = false
            }
            return
        }
        var view = seen
        if simulation.now < graceUntil { view.isInGrace = true }
        let plan = ShardLeasePlan(of: view, me: id, owned: tenure.owned, isDraining: isDraining)
        if isDraining, tenure.isEmpty, plan.handOvers.isEmpty { return leave() }
        for predecessor in Set(plan.claims.compactMap(\.predecessor)).sorted() {
            simulation.afterNetwork { [self] in postgres.terminateCommitSessions(of: predecessor) }
        }
        claim(plan.claims[...], session) { [self] in
            handOver(plan.handOvers, session)
            isMoving = false
        }
    }

    private func leave() {
        isDead = true
        for session in [lease, moves].compactMap({ $0 }) + commits { postgres.terminate(session) }
        simulation.ended(self)
    }

    private func claim(
        _ claims: ArraySlice<ShardLeasePlan.Claim>, _ session: SimulatedPostgres.Session, then: @escaping () -> Void
    ) {
        guard let claim = claims.first else { return then() }
        let rest = claims.dropFirst()
        guard tenure.mayClaim(claim.shard) else { return self.claim(rest, session, then: then) }
        let began = instant
        postgres.request(on: session, lost: { [self] in run { [self] in isMoving = false } }) {
            [self] (answer: @escaping (OwnedShard?) -> Void) in
            postgres.raiseEpoch(claim.shard, for: id, on: session) {
                $0.epoch == claim.seenEpoch
            } answer: {
                answer($0)
            } timedOut: {
                answer(nil)
            }
        } answer: { [self] owned in
            run { [self] in
                if let owned {
                    tenure.took(owned.shard, began: began, now: instant)
                    tenure.told(owned.shard)
                    shards[owned.shard] = Shard(turn: AppendTurn(epoch: owned.epoch), head: owned.head)
                }
                self.claim(rest, session, then: then)
            }
        }
    }

    private func handOver(_ handOvers: [ShardLeasePlan.HandOver], _ session: SimulatedPostgres.Session) {
        for handOver in handOvers {
            let shard = handOver.shard
            let write = { [self] in
                postgres.request(on: session, lost: { [self] in tenure.ended(shard) }) {
                    [self] (answer: (Bool) -> Void) in
                    postgres.handOver(shard, from: id, to: handOver.successor)
                    answer(true)
                } answer: { [self] _ in
                    tenure.ended(shard)
                }
            }
            guard tenure.giveUp(shard) else {
                if tenure.mayClaim(shard) { write() }
                continue
            }
            for command in shards[shard]?.queue ?? [] { command.reply(.moved) }
            shards[shard]?.queue = []
            shards[shard]?.whenFrozen = { [self] in
                shards[shard] = nil
                write()
            }
            settle(shard)
        }
    }

    /// Carries on after a batch has ended, if nothing is in flight.
    private func settle(_ shard: ShardID) {
        guard let current = shards[shard], current.inFlight.isEmpty else { return }
        if let whenFrozen = current.whenFrozen { whenFrozen() } else { pump(shard) }
    }

    // MARK: Commands

    func take(_ command: Command, for shard: ShardID) {
        run { [self] in
            guard shards[shard] != nil, shards[shard]?.whenFrozen == nil else { return command.reply(.moved) }
            shards[shard]?.queue.append(command)
            // Mostly it waits a little, as for a train in the cluster, and meanwhile other shards get ready, too.
            guard simulation.chance(0.7) else { return pump(shard) }
            every(simulation.between(0, 0.05)) { [self] in pump(shard) }
        }
    }

    // MARK: Commits

    private func isReady(_ shard: ShardID) -> Bool {
        guard let current = shards[shard] else { return false }
        return current.turn.maySend && !current.isRecovering && current.whenFrozen == nil && current.inFlight.isEmpty
    }

    /// Sends what waits in a shard; mostly together with what waits in others that are ready.
    private func pump(_ shard: ShardID) {
        guard isReady(shard) else { return }
        var ready = [shard]
        if simulation.chance(0.7) {
            ready += shards.keys.sorted().filter { $0 != shard && isReady($0) }.shuffled(using: &simulation.random)
        }
        let parts = ready.compactMap { load($0) }
        guard !parts.isEmpty else { return }
        guard let session = commitSession() else {
            for part in parts { unload(part.shard) }
            return pumpAllLater()
        }
        send(parts, on: session)
    }

    /// Once for all shards: a retry for each would make as many of each again.
    private func pumpAllLater() {
        guard !isPumpingLater else { return }
        isPumpingLater = true
        every(.milliseconds(50)) { [self] in
            isPumpingLater = false
            for shard in shards.keys.sorted() { pump(shard) }
        }
    }

    private func commitSession() -> SimulatedPostgres.Session? {
        commits.removeAll { !$0.isUsable }
        return commits.popLast() ?? postgres.connect(id, isForCommits: true)
    }

    /// Takes the next batch out of a shard's queue; `nil` when there is none.
    private func load(_ shard: ShardID) -> SimulatedPostgres.Part? {
        guard var current = shards[shard] else { return nil }
        // A repeat of what is stored is answered, not written again; the fence makes what is read here final.
        for command in current.queue where postgres.state.commands.contains(command.key) { command.reply(.done) }
        current.queue.removeAll { postgres.state.commands.contains($0.key) }
        var batch: [Command] = []
        for command in current.queue.prefix(Self.batchMax) where !batch.contains(where: { $0.key == command.key }) {
            batch.append(command)
        }
        current.queue.removeAll { command in batch.contains { $0.key == command.key } }
        current.inFlight = batch
        shards[shard] = current
        guard !batch.isEmpty else { return nil }
        let work = GroupCommit(base: current.head, entries: batch.map { (.event, $0.key) }, results: [], statements: [])
        return SimulatedPostgres.Part(shard: shard, epoch: current.turn.epoch, work: work)
    }

    /// Puts back a batch of which nothing was sent.
    private func unload(_ shard: ShardID) {
        guard var current = shards[shard] else { return }
        if current.whenFrozen == nil {
            current.queue = current.inFlight + current.queue
        } else {
            for command in current.inFlight { command.reply(.moved) }
        }
        current.inFlight = []
        shards[shard] = current
    }

    private func send(
        _ parts: [SimulatedPostgres.Part], on session: SimulatedPostgres.Session, then: @escaping () -> Void = {}
    ) {
        for part in parts { shards[part.shard]?.turn.begin() }
        postgres.batch(parts, on: session) { [self] outcome in
            run { [self] in
                if session.isUsable { commits.append(session) }
                if parts.count > 1, case .failed = outcome {
                    for part in parts where isCurrent(part) {
                        _ = shards[part.shard]?.turn.end(part.work, with: outcome)
                    }
                    sendEachAlone(parts[...])
                } else {
                    for part in parts { ended(part, outcome, session) }
                }
                then()
            }
        }
    }

    /// Of an ownership that is not over; otherwise whoever sent it was told so.
    private func isCurrent(_ part: SimulatedPostgres.Part) -> Bool { shards[part.shard]?.turn.epoch == part.epoch }

    /// After a refusal of several together, one after another: who fails alone is found alone.
    private func sendEachAlone(_ parts: ArraySlice<SimulatedPostgres.Part>) {
        guard let part = parts.first else { return }
        let rest = parts.dropFirst()
        guard isCurrent(part) else { return sendEachAlone(rest) }
        guard let session = commitSession() else {
            unload(part.shard)
            every(.milliseconds(50)) { [self] in settle(part.shard) }
            return sendEachAlone(rest)
        }
        send([part], on: session) { [self] in sendEachAlone(rest) }
    }

    private func ended(
        _ part: SimulatedPostgres.Part, _ batch: BatchOutcome, _ session: SimulatedPostgres.Session
    ) {
        let shard = part.shard
        guard isCurrent(part), var current = shards[shard] else { return }
        var outcome = current.turn.end(part.work, with: batch)
        if case .inDoubt = outcome, simulation.settings.mutation == .silenceIsConsent {
            current.turn.recovered(at: part.epoch)
            outcome = .committed(head: part.work.head)
        }
        let commands = current.inFlight
        switch outcome {
        case .committed(let head):
            current.head = head
            current.inFlight = []
            shards[shard] = current
            for command in commands { command.reply(.done) }
        case .refused(let error):
            current.inFlight = []
            // The culprit is refused; the others go again, one by one as a bisection ends.
            for command in commands {
                if error.sqlState == "22021", command.key.hasPrefix("poison") {
                    command.reply(.refused)
                } else if current.whenFrozen != nil {
                    command.reply(.moved)
                } else {
                    current.queue.append(command)
                }
            }
            shards[shard] = current
        case .fenced, .inDoubt:
            current.doubtful.append(session)
            current.isRecovering = true
            shards[shard] = current
            recover(shard, part.epoch)
            return
        }
        settle(shard)
    }

    private func recover(_ shard: ShardID, _ epoch: Epoch) {
        guard let current = shards[shard], current.turn.epoch == epoch else { return }
        let again = { [self] in every(.milliseconds(200)) { [self] in recover(shard, epoch) } }
        guard let session = postgres.connect(id, isForCommits: true) else { return again() }
        simulation.note("\(id) recovers shard \(shard)")
        postgres.request(on: session, lost: { [self] in run(again) }) {
            [self] (answer: @escaping (OwnedShard??) -> Void) in
            postgres.beginGeneration(whereHeadsAreBehind: nil)
            for doubtful in current.doubtful { postgres.terminate(doubtful) }
            postgres.raiseEpoch(shard, for: id, on: session) { [self] in
                $0.owner == id
            } answer: {
                answer(.some($0))
            } timedOut: {
                answer(nil)
            }
        } answer: { [self] (answer: OwnedShard??) in
            run { [self] in
                postgres.terminate(session)
                guard let owned = answer else { return again() }
                recovered(shard, epoch, owned)
            }
        }
    }

    private func recovered(_ shard: ShardID, _ epoch: Epoch, _ owned: OwnedShard?) {
        guard var current = shards[shard], current.turn.epoch == epoch else { return }
        let commands = current.inFlight
        current.inFlight = []
        current.isRecovering = false
        guard let owned else {
            // Lost; the leases will notice, until then whoever asks is sent elsewhere.
            for command in commands + current.queue { command.reply(.moved) }
            current.queue = []
            current.isRecovering = true
            shards[shard] = current
            return settle(shard)
        }
        current.doubtful = []
        current.turn.recovered(at: owned.epoch)
        current.head = owned.head
        if current.whenFrozen == nil {
            current.queue = commands + current.queue
        } else {
            commands.forEach { $0.reply(.moved) }
        }
        shards[shard] = current
        settle(shard)
    }
}
