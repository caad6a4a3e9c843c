import ClusterHarness
import Identifiers
import Synchronization

/// Events acknowledged in a second, 200 senders in 50 rooms who send the next as soon as the last is acknowledged;
/// beside PostgreSQL alone, carrying out the same transactions with the same rows in the same schema.
struct AcknowledgedEvents: Benchmark {
    static let name = "acknowledged-events"
    static let rooms = 50
    static let sendersEach = 4
    static let duration = Duration.seconds(15)

    func run() async throws -> [Figure] {
        try await Cluster.with { cluster in
            let crowd = try await Crowd.gather(rooms: Self.rooms, membersEach: Self.sendersEach, in: cluster)
            try await send(crowd, "warm-up", for: .seconds(2))
            let marker = try await BareInsert.heads(cluster.database)
            let latency = try await send(crowd, "measured", for: Self.duration)
            let events = Double(latency.count) / Self.duration.inSeconds
            let bare = try await BareInsert.measure(after: marker, of: cluster.database)
            return [
                Figure("events_per_second", events), Figure("send_p50", latency.median),
                Figure("send_p99", latency.p99),
                Figure("rows_per_commit", bare.rowsPerCommit), Figure("bare_same_commits_per_second", bare.sameCommits),
                Figure("ratio_to_bare", events / bare.sameCommits, digits: 2),
                Figure("bare_commits_of_50_per_second", bare.largeCommits),
                Figure("ratio_to_bare_of_50", events / bare.largeCommits, digits: 2),
            ]
        }
    }

    @discardableResult
    private func send(_ crowd: Crowd, _ prefix: String, for duration: Duration) async throws -> LatencyRecorder {
        let latency = LatencyRecorder()
        let endsAt = ContinuousClock.now + duration
        try await withThrowingTaskGroup(of: Void.self) { group in
            for room in crowd.rooms {
                for sender in room.members {
                    group.addTask {
                        var number = 0
                        while ContinuousClock.now < endsAt {
                            let startedAt = ContinuousClock.now
                            try await sender.send("hello", to: room.room, transaction: "\(prefix)\(number)")
                            latency.record(startedAt.duration(to: .now))
                            number += 1
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return latency
    }
}
