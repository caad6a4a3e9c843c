import ClusterHarness
import Foundation
import Identifiers
import OutboundHTTP
import Testing

extension ClusterSuite {
    @Suite struct EdgeTests {
        @Test(.timeLimit(.minutes(2))) func tokensWorkOnEverySyncWorkerAndStopEverywhereWithinASecond() async throws {
            try await Cluster.with(ClusterShape(sync: 3)) { cluster in
                let crowd = try await Crowd.gather(rooms: 1, membersEach: 2, in: cluster)
                let (anna, bert) = (crowd.clients[0], crowd.clients[1])
                let workers = try await cluster.status().ready("sync").map { try cluster.direct(to: $0) }
                #expect(workers.count == 3)
                var since = try await anna.sync().next
                for (number, worker) in (workers + workers).enumerated() {
                    let event = try await bert.send("\(number)", to: crowd.rooms[0].room, transaction: "t\(number)")
                    let answer = try await anna.talking(to: worker).sync(since: since, wait: .seconds(5))
                    #expect(answer[crowd.rooms[0].room]?.events == [event])
                    since = answer.next
                }
                try await Self.revoke(anna, in: cluster)
            }
        }

        private static func revoke(_ client: ChatClient, in cluster: Cluster) async throws {
            let everywhere = try await (cluster.status().ready("sync") + cluster.status().ready("client"))
                .map { try cluster.direct(to: $0) }
            // Every worker knows the token before it is revoked.
            for worker in everywhere { _ = try await status(client, at: worker) }
            try await client.logOut()
            let revokedAt = ContinuousClock.now
            try await wait(for: "the token to stop everywhere", within: .seconds(5)) {
                for worker in everywhere where try await status(client, at: worker) != 401 { return false }
                return true
            }
            let took = revokedAt.duration(to: .now)
            print("scenario=revoke took=\(took.inMilliseconds)")
            #expect(took < .seconds(1))
        }

        private static func status(_ client: ChatClient, at worker: Homeserver) async throws -> Int {
            let isSync = try await worker.answer("GET", "/_matrix/client/v3/sync", token: client.session.token)
            if isSync.status != 404 { return isSync.status }
            return try await worker.answer("GET", "/_matrix/client/v3/account/whoami", token: client.session.token)
                .status
        }

        @Test(.timeLimit(.minutes(2))) func theRouterLetsNothingThroughThatIsNotMatrix() async throws {
            try await Cluster.with { cluster in
                let port = try #require(cluster.router.baseURL.split(separator: ":").last.flatMap { UInt16($0) })
                for path in EdgeCases.paths {
                    let answer = try await RawConnection.exchange(EdgeCases.get(path), port: port)
                    let statuses = RawConnection.statuses(in: answer)
                    #expect(statuses.count == 1 && [400, 404].contains(statuses[0]), "\(path): \(statuses)")
                }
                for (name, request) in EdgeCases.smuggling {
                    let answer = try await RawConnection.exchange(Array(request.utf8), port: port)
                    let statuses = RawConnection.statuses(in: answer)
                    #expect(
                        statuses.count <= 1 && statuses.allSatisfy { [400, 404, 501].contains($0) },
                        "\(name): \(statuses)")
                    #expect(!answer.contains("\"versions\""), "\(name): the hidden request was answered")
                }
                let secretless = try await cluster.status().ready("room-writer")[0]
                let direct = Homeserver(baseURL: "http://\(secretless.internalAddress)", http: cluster.http)
                #expect(try await direct.answer("GET", "/internal/feed").status == 401)
                print("scenario=edge paths=\(EdgeCases.paths.count) smuggling=\(EdgeCases.smuggling.count)")
            }
        }
    }
}

/// What an attacker would send to get past the router.
private enum EdgeCases {
    static let paths = [
        "/", "/internal/feed", "/internal/shards/0/commands", "/metrics", "/ready", "/live", "//internal/feed",
        "/_matrix/../internal/feed", "/_matrix/client/../../internal/feed", "/_matrix/%2e%2e/internal/feed",
        "/_matrix/client/v3/%2e%2e/%2e%2e/%2e%2e/internal/feed", "/_matrix/..;/internal/feed",
        "/_matrix%2finternal/feed", "/_matrix/%2finternal/feed", "/%5finternal/feed", "/_matrix/./../internal/feed",
        "/_matrix\\..\\internal\\feed", "/_matrix/client/v3/..%2f..%2f..%2finternal%2ffeed", "/Internal/feed",
        "http://127.0.0.1/internal/feed",
    ]

    static func get(_ path: String) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    }

    private static let hidden = "GET /_matrix/client/versions HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let head = "POST /internal/feed HTTP/1.1\r\nHost: localhost\r\n"

    /// Requests whose end two parsers could see in different places, a second request hidden behind it.
    static let smuggling: [(String, String)] = [
        ("content-length twice", head + "Content-Length: 0\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n" + hidden),
        ("content-length list", head + "Content-Length: 0, \(hidden.utf8.count)\r\n\r\n" + hidden),
        ("content-length empty", head + "Content-Length:\r\n\r\n" + hidden),
        ("content-length signed", head + "Content-Length: +0\r\n\r\n" + hidden),
        ("content-length spaced", head + "Content-Length : 0\r\n\r\n" + hidden),
        ("transfer-encoding unknown", head + "Transfer-Encoding: xchunked\r\n\r\n" + hidden),
        ("transfer-encoding spaced", head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden),
        ("chunk size not a number", head + "Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n" + hidden),
        ("chunk size too large", head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + hidden),
        (
            "folded header",
            head + "X-A: b\r\n Content-Length: \(hidden.utf8.count)\r\n\tc\r\nContent-Length: x\r\n\r\n" + hidden
        ),
        ("carriage return in a name", head + "X\rContent-Length: 0\r\n\r\n" + hidden),
    ]
}
