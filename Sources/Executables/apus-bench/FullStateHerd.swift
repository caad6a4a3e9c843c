import ClusterHarness
import Identifiers
import Synchronization

/// Full-state syncs of one large room: 300 at once, beside one alone.
struct FullStateHerd: Benchmark {
    static let name = "full-state-herd"
    static let members = 5_000
    static let herd = 300

    func run() async throws -> [Figure] {
        let sessions = Mutex<[ChatSession]>([])
        return try await Cluster.with(
            prepare: { database, key in
                let made = try await LargeRoom.make(Self.members, in: database, key)
                sessions.withLock { $0 = made.sessions }
            },
            { cluster in
                let all = sessions.withLock { $0 }
                let first = try await timed { try await fullState(all[0], cluster) }
                let second = try await timed { try await fullState(all[1], cluster) }
                let herd = try await timed {
                    try await map(Array(all.suffix(Self.herd)), atMost: Self.herd) { try await fullState($0, cluster) }
                        .reduce(0, +)
                }
                let builds =
                    try await cluster.counter("apus_state_builds_total", of: "sync")
                    + cluster.counter("apus_state_builds_total", of: "initial-sync")
                return [
                    Figure("first", first.took), Figure("bytes_each", "\(first.result)"),
                    Figure("one", second.took), Figure("herd", herd.took),
                    Figure("herd_to_one", herd.took / second.took),
                    Figure("megabytes_per_second", Double(herd.result) / 1e6 / herd.took.inSeconds),
                    Figure("builds", "\(Int(builds))"),
                ]
            })
    }

    /// The size of the answer in bytes.
    private func fullState(_ session: ChatSession, _ cluster: Cluster) async throws -> Int {
        try await cluster.ask(session, "GET", "/_matrix/client/v3/sync?full_state=true&timeout=0").body.count
    }
}
