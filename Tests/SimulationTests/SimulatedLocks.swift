import Identifiers

/// The locks on heads' rows: one transaction holds each, others wait in their order and not for ever.
final class SimulatedLocks {
    typealias Session = SimulatedPostgres.Session

    private struct Waiting {
        let session: Session
        let number: Int
        let granted: () -> Void
    }

    static let waitMax = Duration.seconds(2)

    private unowned let simulation: Simulation
    /// Who holds a head's row, and for which of its transactions.
    private var holders: [ShardID: (session: Session, number: Int)] = [:]
    private var waiting: [ShardID: [Waiting]] = [:]

    init(_ simulation: Simulation) {
        self.simulation = simulation
    }

    func holder(of shard: ShardID) -> (session: Session, number: Int)? { holders[shard] }

    /// Locks one head after another for the transaction `number`; all of them, or none in the end.
    func lock(
        _ shards: [ShardID], as number: Int, for session: Session, granted: @escaping () -> Void,
        timedOut: @escaping () -> Void
    ) {
        func lockNext(_ rest: ArraySlice<ShardID>) {
            guard let shard = rest.first else { return granted() }
            lock(shard, as: number, for: session) {
                lockNext(rest.dropFirst())
            } timedOut: { [self] in
                for shard in shards { release(shard, number) }
                timedOut()
            }
        }
        lockNext(shards[...])
    }

    private func lock(
        _ shard: ShardID, as number: Int, for session: Session, granted: @escaping () -> Void,
        timedOut: @escaping () -> Void
    ) {
        guard holders[shard] != nil else {
            holders[shard] = (session, number)
            return granted()
        }
        waiting[shard, default: []].append(Waiting(session: session, number: number, granted: granted))
        simulation.after(Self.waitMax) { [self] in
            guard waiting[shard]?.contains(where: { $0.number == number }) ?? false else { return }
            waiting[shard]?.removeAll { $0.number == number }
            timedOut()
        }
    }

    func release(_ shard: ShardID, _ number: Int) {
        guard holders[shard]?.number == number else { return }
        holders[shard] = nil
        guard let next = waiting[shard]?.first else { return }
        waiting[shard]?.removeFirst()
        holders[shard] = (next.session, next.number)
        next.granted()
    }

    /// Takes a session that has ended out of all queues, and its locks from it unless their transactions commit.
    func leave(_ session: Session, of shards: [ShardID], isCommitting: (Int) -> Bool) {
        for shard in shards { waiting[shard]?.removeAll { $0.session === session } }
        for shard in shards {
            guard let holder = holders[shard], holder.session === session, !isCommitting(holder.number) else {
                continue
            }
            release(shard, holder.number)
        }
    }

    /// As after a crash.
    func forgetAll() { (holders, waiting) = ([:], [:]) }
}
