import ClusterHarness
import Testing

extension ClusterSuite {
    @Suite struct RollTests {
        /// The longest pause of a room's writes when a worker is replaced.
        static let pauseMax = Duration.milliseconds(500)

        @Test(.timeLimit(.minutes(4))) func rollingEveryWorkerUnderLoadFailsNothing() async throws {
            try await Cluster.with { cluster in
                let crowd = try await Crowd.gather(rooms: 20, membersEach: 10, in: cluster)
                let before = try await cluster.status()
                let report = try await ChatLoad(crowd: crowd, perSecond: 20).run(on: cluster) {
                    try await Task.sleep(for: .seconds(3))
                    try await cluster.roll()
                    try await Task.sleep(for: .seconds(3))
                }
                let after = try await cluster.status()
                print(report.figures("roll"))
                #expect(
                    Set(before.workers.map(\.pid)).isDisjoint(with: after.workers.map(\.pid)), "not all were replaced")
                #expect(report.failures.isEmpty, "\(report.failures.prefix(20))")
                #expect(report.dropped == 0)
                #expect(!report.reigns.isEmpty && report.pauses.count > 0, "no shard changed hands")
                #expect(report.pauses.p99 < Self.pauseMax, "\(report.pauses.figures)")
                ClusterSuite.expectNoViolations(report)
            }
        }

        @Test(.timeLimit(.minutes(4))) func scalingUnderLoadFailsNothing() async throws {
            try await Cluster.with { cluster in
                let crowd = try await Crowd.gather(rooms: 20, membersEach: 10, in: cluster)
                let report = try await ChatLoad(crowd: crowd, perSecond: 20).run(on: cluster) {
                    for step in [("sync", 5), ("sync", 2), ("writer", 3), ("writer", 2)] {
                        try await cluster.scale("\(step.0)=\(step.1)")
                        let kind = step.0 == "writer" ? "room-writer" : step.0
                        try await wait(for: "\(step.1) workers of kind \(kind)", within: .seconds(30)) {
                            try await cluster.status().ready(kind).count == step.1
                        }
                        try await Task.sleep(for: .seconds(2))
                    }
                }
                print(report.figures("scale"))
                #expect(report.failures.isEmpty, "\(report.failures.prefix(20))")
                #expect(report.dropped == 0)
                ClusterSuite.expectNoViolations(report)
            }
        }
    }
}
