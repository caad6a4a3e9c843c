import ClusterHarness
import Foundation
import TestSupport
import Testing

extension ClusterSuite {
    @Suite struct KillTests {
        static let kinds = ["client", "sync", "initial-sync", "room-writer", "housekeeper", "media", "push"]
        static let kills = 20
        static let backMax = Duration.seconds(10)

        /// `APUS_SEED` repeats a run; the seed is printed.
        static var seed: UInt64 {
            ProcessInfo.processInfo.environment["APUS_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...999_999)
        }

        @Test(.timeLimit(.minutes(6))) func killedWorkersLoseNothingAndOneRepetitionHeals() async throws {
            let seed = Self.seed
            try await Cluster.with { cluster in
                let crowd = try await Crowd.gather(rooms: 20, membersEach: 10, in: cluster)
                let returns = LatencyRecorder()
                let report = try await ChatLoad(crowd: crowd, perSecond: 20, repetition: .once).run(on: cluster) {
                    var random = SeededRandom(seed: seed)
                    for number in 0..<Self.kills {
                        try await Task.sleep(for: .milliseconds(Int.random(in: 300...1_500, using: &random)))
                        // Every kind is killed equally often, in an order of the seed's.
                        let kind = Self.kinds[number % Self.kinds.count]
                        returns.record(try await Self.kill(kind, in: cluster, crowd, &random))
                    }
                    crowd.recorder.noteFault()
                    try await Task.sleep(for: .seconds(12))
                }
                print(
                    report.figures("kill")
                        + " seed=\(seed) kills=\(Self.kills) back_p50=\(returns.median.inMilliseconds)"
                        + " back_max=\(returns.max.inMilliseconds) unhealed=\(report.unhealed.count)")
                #expect(report.unhealed.isEmpty, "seed \(seed): \(report.unhealed.prefix(10))")
                #expect(returns.max < Self.backMax, "seed \(seed)")
                #expect(report.dropped == 0)
                ClusterSuite.expectNoViolations(report)
            }
        }

        /// Kills a random worker of a kind; how long until its replacement is ready and a message goes through.
        private static func kill(
            _ kind: String, in cluster: Cluster, _ crowd: Crowd, _ random: inout SeededRandom
        ) async throws -> Duration {
            let workers = try await cluster.status().ready(kind)
            guard let victim = workers.randomElement(using: &random) else { throw ClusterFailure.noWorker(kind) }
            let killedAt = ContinuousClock.now
            cluster.killWorker(victim)
            try await wait(for: "\(kind) to be back", within: .seconds(30)) {
                let now = try await cluster.status().ready(kind)
                return now.count == workers.count && !now.contains { $0.pid == victim.pid }
            }
            try await ownersAreBack(cluster)
            return killedAt.duration(to: .now)
        }

        /// Waits until every shard has an owner again.
        private static func ownersAreBack(_ cluster: Cluster) async throws {
            try await wait(for: "owners of all shards", within: .seconds(30)) {
                let rows = try await cluster.database.query(
                    """
                    SELECT count(*) AS orphans FROM lease AS l
                     WHERE l.partition LIKE 'shard/%'
                       AND NOT EXISTS (SELECT FROM worker AS w
                                        WHERE w.worker_id = l.owner AND w.seen_at > now() - interval '3 seconds')
                    """)
                return try rows[0].int64("orphans") == 0
            }
        }
    }
}
