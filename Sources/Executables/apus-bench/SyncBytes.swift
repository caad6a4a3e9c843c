import ClusterHarness
import Identifiers
import OutboundHTTP
import Synchronization

/// How many bytes of incremental syncs come through in a second, each bringing a hundred messages.
struct SyncBytes: Benchmark {
    static let name = "sync-bytes"
    static let clients = 16
    static let duration = Duration.seconds(10)

    func run() async throws -> [Figure] {
        try await Cluster.with { cluster in
            let crowd = try await Crowd.gather(rooms: 1, membersEach: Self.clients, in: cluster)
            let room = crowd.rooms[0]
            let starts = try await crowd.firstSyncs()
            for number in 0..<100 {
                let text = String(repeating: "lorem ipsum ", count: 20)
                try await room.members[0].send(text, to: room.room, transaction: "t\(number)")
            }
            let bytes = Mutex<(bytes: Int, requests: Int)>((0, 0))
            let endsAt = ContinuousClock.now + Self.duration
            try await forEach(starts, atMost: Self.clients) { client, since in
                let filter = #"{"room":{"timeline":{"limit":100}}}"#.escaped
                while ContinuousClock.now < endsAt {
                    let answer = try await cluster.router.answer(
                        "GET", "/_matrix/client/v3/sync?timeout=0&since=\(since.escaped)&filter=\(filter)",
                        token: client.session.token)
                    guard answer.status == 200 else { throw ChatFailure.refused(status: answer.status, errcode: nil) }
                    bytes.withLock { $0 = ($0.bytes + answer.body.count, $0.requests + 1) }
                }
            }
            let (total, requests) = bytes.withLock { $0 }
            return [
                Figure("megabytes_per_second", Double(total) / 1e6 / Self.duration.inSeconds),
                Figure("syncs_per_second", Double(requests) / Self.duration.inSeconds),
                Figure("bytes_each", "\(total / max(1, requests))"),
            ]
        }
    }
}
