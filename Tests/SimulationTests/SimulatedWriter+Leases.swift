import Identifiers
import Leases
import ReplicationLog
import TestSupport

/// Which shards are the writer's: it renews what it has, claims what is free and gives up what is too much.
extension SimulatedWriter {
    func renew() {
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

    func watch() {
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

    func move() {
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
}
