import ClusterHarness
import Foundation
import Identifiers
import OutboundHTTP

/// What a parked long-poll costs in memory: in the sync worker, and in a bare Hummingbird server that does nothing else.
struct ParkedPolls: Benchmark {
    static let name = "parked-polls"
    static let polls = 2_000

    func run() async throws -> [Figure] {
        let bare = try await measureBare()
        return try await Cluster.with(ClusterShape(sync: 1)) { cluster in
            let sessions = try await Population.make(
                Self.polls, named: "poller", on: cluster.server, in: cluster.database)
            let worker = try await cluster.status().ready("sync")[0]
            let direct = try cluster.direct(to: worker)
            let starts = try await map(sessions, atMost: 16) { session in
                let client = ChatClient(homeserver: cluster.router, session: session)
                return (client.talking(to: direct), try await client.sync().next)
            }
            // What the worker keeps of the tokens themselves is not the polls' cost: every client has asked it once.
            try await forEach(starts, atMost: 16) { client, since in _ = try await client.sync(since: since) }
            let own = try await growth(of: worker.pid) { group in
                for (client, since) in starts {
                    group.addTask { _ = try await client.sync(since: since, wait: .seconds(120)) }
                }
            }
            return [
                Figure("polls", "\(Self.polls)"), Figure("kib_each", own), Figure("kib_each_bare_hummingbird", bare),
                Figure("kib_each_beyond_hummingbird", own - bare),
            ]
        }
    }

    /// KiB of resident memory that each of the group's tasks adds to a process while all are parked.
    private func growth(
        of pid: Int32, _ park: (inout ThrowingTaskGroup<Void, any Error>) -> Void
    ) async throws -> Double {
        let before = try resident(pid)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            park(&group)
            // Settled when it has not grown for a second.
            var last = 0
            try await wait(for: "all polls to be parked", within: .seconds(60)) {
                try await Task.sleep(for: .seconds(1))
                let now = try resident(pid)
                defer { last = now }
                return now <= last
            }
            let after = try resident(pid)
            group.cancelAll()
            return Double(after - before) / 1_024 / Double(Self.polls)
        }
    }

    private func resident(_ pid: Int32) throws -> Int {
        guard let figures = ProcessFigures(pid: pid) else { throw ClusterFailure.noWorker("process \(pid)") }
        return figures.residentBytes
    }

    /// The same, of a server of Hummingbird's that only parks.
    private func measureBare() async throws -> Double {
        guard let port = BarePollServer.freePort() else { throw ClusterFailure.noWorker("bare server: no free port") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["bare-poll-server", "--port", "\(port)"]
        try process.run()
        defer { process.terminate() }
        let http = Homeserver.makeHTTP()
        defer { http.shutdown() }
        let server = Homeserver(baseURL: "http://127.0.0.1:\(port)", http: http)
        try await wait(for: "the bare server", within: .seconds(10)) {
            // It fails as long as the server is not up.
            (try? await server.answer("GET", "/", within: .seconds(1))) != nil
        }
        return try await growth(of: process.processIdentifier) { group in
            for _ in 0..<Self.polls {
                group.addTask { _ = try await server.answer("GET", "/poll", token: "a", within: .seconds(120)) }
            }
        }
    }
}
