import ClusterHarness
import Identifiers
import Synchronization

/// How long a send takes, and how long until a reader who long-polls has it, at 50 events a second.
struct ChatLatency: Benchmark {
    static let name = "chat-latency"
    static let perSecond = 50.0
    static let duration = Duration.seconds(20)
    /// Not measured: workers open connections and prepare their statements with the first events.
    static let warmup = Duration.seconds(4)

    func run() async throws -> [Figure] {
        try await Cluster.with { cluster in
            let crowd = try await Crowd.gather(rooms: 25, membersEach: 2, in: cluster)
            let starts = try await crowd.firstSyncs()
            let intended = IntendedMoments()
            let (sends, deliveries) = (LatencyRecorder(), LatencyRecorder())
            let errors = try await withThrowingTaskGroup(of: Void.self) { group in
                for (client, since) in starts where crowd.rooms.contains(where: { $0.members[1].user == client.user }) {
                    group.addTask {
                        await SyncLoop(client: client) { answer in
                            let now = ContinuousClock.now
                            for event in answer.rooms.flatMap(\.timeline) {
                                guard let name = event["content"]?["body"]?.stringValue,
                                    let start = intended.take(name)
                                else { continue }
                                deliveries.record(start.duration(to: now))
                            }
                        }.run(since: since)
                    }
                }
                _ = await OpenLoop(perSecond: Self.perSecond).run(for: Self.warmup) { number, _ in
                    let room = crowd.rooms[number % crowd.rooms.count]
                    // What fails here is counted by the crowd's recorder.
                    _ = try? await room.members[0].send("w\(number)", to: room.room, transaction: "w\(number)")
                }
                _ = await OpenLoop(perSecond: Self.perSecond).run(for: Self.duration) { number, start in
                    let room = crowd.rooms[number % crowd.rooms.count]
                    intended.put(start, for: "m\(number)")
                    do {
                        try await room.members[0].send("m\(number)", to: room.room, transaction: "m\(number)")
                        sends.record(start.duration(to: .now))
                    } catch {}  // Counted below.
                }
                try await wait(for: "deliveries", within: .seconds(10)) { intended.isEmpty }
                group.cancelAll()
                return crowd.recorder.failureCount
            }
            return [
                Figure("send_p50", sends.median), Figure("send_p99", sends.p99),
                Figure("send_to_sync_p50", deliveries.median), Figure("send_to_sync_p99", deliveries.p99),
                Figure("send_to_sync_max", deliveries.max), Figure("events", "\(deliveries.count)"),
                Figure("errors", "\(errors)"),
            ]
        }
    }
}

/// When each message that is still under way was meant to be sent.
private final class IntendedMoments: Sendable {
    private let moments = Mutex<[String: ContinuousClock.Instant]>([:])

    var isEmpty: Bool { moments.withLock { $0.isEmpty } }

    func put(_ moment: ContinuousClock.Instant, for name: String) { moments.withLock { $0[name] = moment } }

    func take(_ name: String) -> ContinuousClock.Instant? { moments.withLock { $0.removeValue(forKey: name) } }
}
