import Identifiers
import ReplicationLog

/// A tail that polls, and asks the base tables where the log does not say.
final class SimulatedReader {
    let number: Int
    private unowned let simulation: Simulation
    private var postgres: SimulatedPostgres { simulation.postgres }
    private var cut = Cut(generation: 1, positions: [])
    /// What it saw, and the last position of each shard, in the generation it is in.
    private var seen: [ShardID: [ShardSequence: String]] = [:]
    private var last: [ShardID: ShardSequence] = [:]
    private var keys: Set<String> = []
    private var fresh: [String] = []
    private var pausedUntil = Duration.zero

    init(_ number: Int, _ simulation: Simulation) {
        self.number = number
        self.simulation = simulation
    }

    var isAtHead: Bool { cut == postgres.heads }

    func start() {
        cut = postgres.heads
        poll()
    }

    func pause(for duration: Duration) { pausedUntil = simulation.now + duration }

    private func poll() {
        let delay = max(simulation.between(0.02, 0.3), pausedUntil - simulation.now)
        simulation.after(delay) { [self] in
            guard simulation.settings.mutation == .tornCut else {
                let readings = postgres.shards.compactMap { postgres.reading($0, after: cut[$0]) }
                return finish(readings.filter { $0.head != cut[$0.shard] || $0.generation != cut.generation })
            }
            readOneByOne(postgres.shards[...], [])
        }
    }

    private func readOneByOne(_ shards: ArraySlice<ShardID>, _ readings: [HeadReading]) {
        guard let shard = shards.first else { return finish(readings) }
        let reading = postgres.reading(shard, after: cut[shard]).map { [$0] } ?? []
        simulation.afterNetwork { [self] in readOneByOne(shards.dropFirst(), readings + reading) }
    }

    private func finish(_ readings: [HeadReading]) {
        simulation.afterNetwork { [self] in
            apply(readings)
            poll()
        }
    }

    private func apply(_ readings: [HeadReading]) {
        guard !readings.isEmpty else { return }
        switch TailStep(readings, after: cut) {
        case .wentBack: postgres.beginGeneration(whereHeadsAreBehind: cut)
        case .moved(let update):
            if update.cut.generation > cut.generation { forget(after: postgres.surviving(cut)) }
            for entry in update.entries { take(entry.shard, entry.sequence, entry.key.string) }
            let base = update.cut.generation == cut.generation ? cut : postgres.surviving(cut)
            for shard in update.unexplained {
                // What was read in the meantime may be gone again; only what is there up to the cut counts.
                for row in postgres.rows(shard, after: base[shard], upTo: update.cut[shard]) {
                    take(shard, row.sequence, row.key)
                }
            }
            guard update.cut.isAtLeast(cut) else { return simulation.fail("reader \(number) went back") }
            cut = update.cut
            checkCausality()
        }
    }

    private func take(_ shard: ShardID, _ sequence: ShardSequence, _ key: String) {
        if let earlier = seen[shard]?[sequence] {
            return simulation.fail("reader \(number): shard \(shard) \(sequence) again, \(earlier) then \(key)")
        }
        if let last = last[shard], last > sequence {
            return simulation.fail("reader \(number): shard \(shard) \(sequence) after \(last)")
        }
        if !keys.insert(key).inserted { return simulation.fail("reader \(number): \(key) twice") }
        seen[shard, default: [:]][sequence] = key
        last[shard] = sequence
        fresh.append(key)
    }

    /// What was seen past the heads that survived is gone: its clients may send it again, and it comes anew.
    private func forget(after survivors: Cut) {
        for shard in postgres.shards {
            for (sequence, key) in seen[shard] ?? [:] where sequence > survivors[shard] {
                seen[shard]?[sequence] = nil
                keys.remove(key)
            }
            last[shard] = seen[shard]?.keys.max()
        }
    }

    /// A message that needs a key is never seen without it: `b-3-7` was sent after `a-3-7` had been acknowledged.
    private func checkCausality() {
        defer { fresh = [] }
        for key in fresh where key.hasPrefix("b-") {
            let needed = "a" + key.dropFirst()
            if !keys.contains(needed), !postgres.lostToRestore.contains(needed) {
                return simulation.fail("reader \(number) sees \(key) and not \(needed)")
            }
        }
    }

    /// Everything that is there was seen.
    func checkTheEnd() {
        for row in postgres.state.rows.values.joined() where seen[row.shard]?[row.sequence] != row.key {
            simulation.fail("reader \(number) missed \(row.key) at \(row.shard)/\(row.sequence)")
        }
    }
}
