import ClusterOperations
import Leases
import OutboundHTTP
import TestSupport
import Testing

/// One user's syncs meet one worker, in every router, and few of them move when workers come and go.
@Suite(.serialized)
struct RouterHashingTests {
    private static let bucketCount = 60

    private static func token(_ bucket: Int) -> String { "apus_bucket\(bucket)_\(UInt32.random(in: 0 ... .max))_crc" }

    /// Which worker each bucket's syncs meet, asked twice with different tokens.
    private static func placement(_ router: RunningRouter, _ http: HTTPClient) async throws -> [Int: String] {
        var placement: [Int: String] = [:]
        for bucket in 0..<bucketCount {
            for isInQuery in [false, true] {
                let token = token(bucket)
                let query = isInQuery ? "&access_token=\(token)" : ""
                let headers = isInQuery ? [] : [(name: "Authorization", value: "Bearer \(token)")]
                let response = try await http.execute(
                    HTTPRequest(
                        method: "GET", url: "\(router.url)/_matrix/client/v3/sync?since=a\(query)", headers: headers),
                    deadline: .now + .seconds(5))
                let name = String(decoding: response.body, as: UTF8.self)
                #expect(placement[bucket] == nil || placement[bucket] == name, "one user met two workers")
                placement[bucket] = name
            }
        }
        return placement
    }

    private static func withWorkers(
        _ count: Int, _ servers: [RouterServer] = [],
        _ body: @escaping @Sendable ([RouterServer]) async throws -> Void
    ) async throws {
        guard count > 0 else { return try await body(servers) }
        let name = "sync-\(count)"
        try await withScriptedServer { _, responder in
            try await responder.respond(status: 200, name)
        } body: { server in
            try await withWorkers(count - 1, servers + [RunningRouter.server(name, .sync, at: server.address)], body)
        }
    }

    @Test func usersStayWithTheirWorkersAsFarAsCanBe() async throws {
        try await Self.withWorkers(4) { servers in
            try await RunningRouter.with { router in
                let http = HTTPClient()
                defer { http.shutdown() }
                try await router.apply(Array(servers.prefix(3)))
                let three = try await Self.placement(router, http)
                #expect(Set(three.values).count == 3)

                try await router.apply(servers)
                let four = try await Self.placement(router, http)
                let moved = three.filter { four[$0.key] != $0.value }
                #expect(moved.allSatisfy { four[$0.key] == String(servers[3].id.name) }, "only to the new worker")
                #expect(moved.count < Self.bucketCount / 2)

                try await router.apply(Array(servers.prefix(3)))
                #expect(try await Self.placement(router, http) == three)
            }
        }
    }

    @Test func everyRouterSendsAUserToTheSameWorker() async throws {
        try await Self.withWorkers(3) { servers in
            try await RunningRouter.with { first in
                try await RunningRouter.with { second in
                    let http = HTTPClient()
                    defer { http.shutdown() }
                    try await first.apply(servers)
                    for count in 1...3 { try await second.apply(Array(servers.reversed().prefix(count))) }
                    let here = try await Self.placement(first, http)
                    let there = try await Self.placement(second, http)
                    #expect(here == there)
                }
            }
        }
    }
}
