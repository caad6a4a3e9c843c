import Foundation
import ReplicationLog
import TestSupport
import Testing

/// Seeds of the simulation; `APUS_SIMULATE_SEED` runs one alone and prints what happened.
@Suite struct SimulationTests {
    private static let seeds = 250
    /// Some rules matter only when several things go wrong at once.
    private static let mutatedSeeds = 4_000

    private static var asked: UInt64? {
        ProcessInfo.processInfo.environment["APUS_SIMULATE_SEED"].flatMap { UInt64($0) }
    }

    @Test func nothingIsLostDoubledOrSeenTheWrongWayRound() {
        if let seed = Self.asked {
            var settings = Simulation.Settings()
            settings.isTraced = true
            let simulation = Simulation(seed: seed, settings: settings)
            simulation.run()
            print(simulation.trace.joined(separator: "\n"))
            #expect(simulation.faults == [], "seed \(seed)")
            return
        }
        var (acknowledged, joint) = (0, 0)
        for seed in 0..<UInt64(Self.seeds) {
            let simulation = Simulation(seed: seed)
            simulation.run()
            acknowledged += simulation.clients.reduce(0) { $0 + $1.acknowledged.count }
            joint += simulation.postgres.jointCommits
            #expect(simulation.faults == [], "make simulate SEED=\(seed) prints how it came to this")
        }
        #expect(acknowledged > Self.seeds * 50, "the simulation gets something done")
        #expect(joint > Self.seeds * 2, "shards commit together")
    }

    @Test func aSeedTellsTheSameStoryEachTime() {
        var settings = Simulation.Settings()
        settings.isTraced = true
        let stories = (0..<2).map { _ in
            let simulation = Simulation(seed: 4, settings: settings)
            simulation.run()
            return simulation.trace
        }
        #expect(stories[0] == stories[1])
        #expect(stories[0].count > 50, "the story is worth comparing")
    }

    /// The checks are worth something only if they notice when a rule is taken out.
    @Test(arguments: Simulation.Mutation.allCases)
    func aRuleTakenOutIsNoticed(mutation: Simulation.Mutation) {
        guard Self.asked == nil else { return }
        var settings = Simulation.Settings()
        settings.mutation = mutation
        let found = (0..<UInt64(Self.mutatedSeeds)).first { seed in
            let simulation = Simulation(seed: seed, settings: settings)
            simulation.run()
            return !simulation.faults.isEmpty
        }
        #expect(found != nil, "\(Self.mutatedSeeds) seeds pass without \(mutation.rawValue) being noticed")
    }
}
