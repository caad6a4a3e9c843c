import CanonicalJSON
import ClusterHarness
import Identifiers
import Postgres
import Signing
import Synchronization
import TestSupport

/// What one message costs in a room of 10,000 members and in one of ten.
///
/// Rows written, and processor time of workers and database. The same five members of both have pushers, and are told of
/// each message.
struct MessageCost: Benchmark {
    static let name = "message-cost"
    static let sizes = [10, 10_000]
    static let pushers = 5
    static let messages = 300
    /// Each room is measured so often, in turn.
    static let rounds = 2
    static let pace = Duration.milliseconds(100)
    /// Written by the clock, whatever happens.
    static let clockTables: Set<String> = ["worker", "lease"]
    /// PostgreSQL's backends say what they have done after ten seconds.
    static let reportedAfter = Duration.seconds(12)

    private struct Cost {
        var rows = 0.0
        var workers = Duration.zero
        var database = Duration.zero

        static func + (left: Cost, right: Cost) -> Cost {
            Cost(
                rows: left.rows + right.rows, workers: left.workers + right.workers,
                database: left.database + right.database)
        }
    }

    func run() async throws -> [Figure] {
        let fixture = Mutex<(rooms: [RoomID], sessions: [ChatSession])>(([], []))
        return try await PushGatewayStub.with([.takes]) { gateways in
            try await Cluster.with(
                ClusterShape(settings: ["push.allow_private_gateways": "true"]),
                prepare: { database, key in
                    let made = try await Self.makeFixture(database, key)
                    fixture.withLock { $0 = made }
                },
                { cluster in
                    let (rooms, sessions) = fixture.withLock { $0 }
                    try await Self.setPushers(of: sessions[1...Self.pushers], to: gateways[0], cluster)
                    let sender = ChatClient(homeserver: cluster.router, session: sessions[0])
                    var costs = rooms.map { _ in Cost() }
                    for round in 0...Self.rounds {
                        for (index, room) in rooms.enumerated() {
                            let cost = try await Self.cost(in: room, by: sender, "\(round)", cluster)
                            // The first is to warm up.
                            if round > 0 { costs[index] = costs[index] + cost }
                        }
                    }
                    return Self.figures(costs)
                })
        }
    }

    private static func figures(_ costs: [Cost]) -> [Figure] {
        let count = Double(messages * rounds)
        var figures = zip(sizes, costs).flatMap { size, cost in
            [
                Figure("rows_\(size)", cost.rows / count, digits: 2),
                Figure("worker_cpu_\(size)", cost.workers / Int(count)),
                Figure("database_cpu_\(size)", cost.database / Int(count)),
            ]
        }
        figures += [
            Figure("rows_ratio", costs[1].rows / costs[0].rows, digits: 3),
            Figure("worker_cpu_ratio", costs[1].workers / costs[0].workers, digits: 2),
            Figure("database_cpu_ratio", costs[1].database / costs[0].database, digits: 2),
        ]
        return figures
    }

    /// What the messages of one round cost, beyond what the cluster does when nobody writes.
    private static func cost(
        in room: RoomID, by sender: ChatClient, _ round: String, _ cluster: Cluster
    ) async throws -> Cost {
        let rowsBefore = try await rows(cluster)
        let startedAt = ContinuousClock.now
        let idle = try await spent(cluster) { try await Task.sleep(for: .seconds(5)) }
        let busy = try await spent(cluster) {
            let startedAt = ContinuousClock.now
            for number in 0..<messages {
                try await sender.send("hello", to: room, transaction: "\(round)-\(number)")
                try await Task.sleep(until: startedAt + pace * (number + 1), clock: .continuous)
            }
            // What waits beyond a bound is dropped, so that not every message need be told.
            try await wait(for: "all pushes", within: .seconds(60)) {
                try await cluster.database.query("SELECT count(*) AS n FROM push_delivery")[0].int64("n") == 0
            }
        }
        let share = busy.took / idle.took
        let rowsAfter = try await rows(cluster)
        // What housekeeping and the like write without anybody's doing.
        let quietAt = ContinuousClock.now
        let rowsQuiet = try await rows(cluster)
        let background = Double(rowsQuiet - rowsAfter) * (startedAt.duration(to: quietAt) / quietAt.duration(to: .now))
        return Cost(
            rows: Double(rowsAfter - rowsBefore) - background,
            workers: busy.workers - idle.workers * share, database: busy.database - idle.database * share)
    }

    private static func spent(
        _ cluster: Cluster, _ body: () async throws -> Void
    ) async throws -> (workers: Duration, database: Duration, took: Duration) {
        let before = try await cluster.processorTimes()
        let took = try await timed(body).took
        let after = try await cluster.processorTimes()
        return (after.workers - before.workers, after.database - before.database, took)
    }

    /// The rows written so far, once all of them are reported.
    private static func rows(_ cluster: Cluster) async throws -> Int64 {
        try await Task.sleep(for: reportedAfter)
        return try await TableTraffic.read(cluster.database).tables.filter { !clockTables.contains($0.key) }
            .reduce(0) { $0 + $1.value.inserted + $1.value.changed }
    }

    private static func setPushers(
        of sessions: ArraySlice<ChatSession>, to gateway: PushGatewayStub, _ cluster: Cluster
    ) async throws {
        for session in sessions {
            _ = try await cluster.router.call(
                "POST", "/_matrix/client/v3/pushers/set",
                [
                    "app_id": "bench", "pushkey": .string(session.user.rawValue), "kind": "http",
                    "app_display_name": "Bench", "device_display_name": "Bench", "lang": "en",
                    "data": ["url": .string(gateway.url)],
                ], token: session.token)
        }
    }

    private static func makeFixture(
        _ database: PostgresDatabase, _ key: SigningKey
    ) async throws -> (rooms: [RoomID], sessions: [ChatSession]) {
        guard let server = ServerName(Cluster.serverName) else {
            preconditionFailure("the name of clusters under test is a server name")
        }
        let sessions = try await Population.make(sizes.max() ?? 0, named: "member", on: server, in: database)
        var rooms: [RoomID] = []
        for (number, size) in sizes.enumerated() {
            let members = sessions.prefix(size)
            let room = try RoomFixture(
                creator: members[0].user, others: members.dropFirst().map(\.user), server: server, key: key,
                createdAt: Timestamp(milliseconds: 1_700_000_000_000 + Int64(number)))
            try await room.write(to: database)
            rooms.append(room.room)
        }
        try await database.query("ANALYZE")
        return (rooms, sessions)
    }
}
