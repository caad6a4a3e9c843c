import ClusterHarness
import Identifiers

/// Joins of public rooms in a second: 400 users, 40 at a time, over 20 rooms and into one.
struct Joins: Benchmark {
    static let name = "joins"
    static let users = 400
    static let atOnce = 40

    func run() async throws -> [Figure] {
        try await Cluster.with { cluster in
            let crowd = try await Crowd.gather(rooms: 21, membersEach: 1, named: "owner", in: cluster)
            let sessions = try await Population.make(
                Self.users, named: "joiner", on: cluster.server, in: cluster.database)
            let clients = sessions.map { ChatClient(homeserver: cluster.router, session: $0) }
            let spread = try await measure(Array(clients.enumerated())) { number, client in
                try await client.join(crowd.rooms[1 + number % 20].room)
            }
            let together = try await measure(Array(clients.enumerated())) { _, client in
                try await client.join(crowd.rooms[0].room)
            }
            return [
                Figure("joins_per_second_20_rooms", spread), Figure("joins_per_second_one_room", together),
                Figure("one_room_to_20", together / spread, digits: 2),
            ]
        }
    }

    private func measure(
        _ clients: [(offset: Int, element: ChatClient)],
        _ join: @escaping @Sendable (Int, ChatClient) async throws -> Void
    ) async throws -> Double {
        let startedAt = ContinuousClock.now
        try await forEach(clients, atMost: Self.atOnce) { try await join($0.offset, $0.element) }
        return Double(clients.count) / startedAt.duration(to: .now).inSeconds
    }
}
