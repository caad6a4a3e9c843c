import Identifiers
import Leases
import Postgres
import ReplicationLog

/// What is queued is committed, a batch a shard at a time, and what is in doubt is found out.
extension SimulatedWriter {
    /// Carries on after a batch has ended, if nothing is in flight.
    func settle(_ shard: ShardID) {
        guard let current = shards[shard], current.inFlight.isEmpty else { return }
        if let whenFrozen = current.whenFrozen { whenFrozen() } else { pump(shard) }
    }

    private func isReady(_ shard: ShardID) -> Bool {
        guard let current = shards[shard] else { return false }
        return current.turn.maySend && !current.isRecovering && current.whenFrozen == nil && current.inFlight.isEmpty
    }

    /// Sends what waits in a shard; mostly together with what waits in others that are ready.
    func pump(_ shard: ShardID) {
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
