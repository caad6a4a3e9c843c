import ClusterConfiguration
import ClusterOperations
import Foundation
import HTTPServer
import Leases
import OutboundHTTP
import Synchronization
import TestSupport
import Testing

/// Which worker a request meets, with the real routes, a real HAProxy and workers that tell what they got.
@Suite(.serialized)
struct RouterRoutingTests {
    /// Answers every request with its own name and the raw target.
    private static func script(_ name: String) -> ScriptedHTTPServer.Script {
        { request, responder in
            try await responder.respond(status: 200, "\(name) \(request.method) \(request.target)")
        }
    }

    private static func withWorkers(
        _ body: @escaping @Sendable (RunningRouter, HTTPClient) async throws -> Void
    ) async throws {
        try await withScriptedServer(script("client")) { client in
            try await withScriptedServer(script("sync")) { sync in
                try await withScriptedServer(script("initial")) { initial in
                    try await withScriptedServer(script("media")) { media in
                        try await RunningRouter.with { router in
                            try await router.apply([
                                RunningRouter.server("client-1", .client, at: client.address),
                                RunningRouter.server("sync-1", .sync, at: sync.address),
                                RunningRouter.server("initial-1", .initialSync, at: initial.address),
                                RunningRouter.server("media-1", .media, at: media.address),
                            ])
                            let http = HTTPClient()
                            defer { http.shutdown() }
                            try await body(router, http)
                        }
                    }
                }
            }
        }
    }

    private static func send(
        _ http: HTTPClient, _ method: String, _ url: String, headers: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        try await http.execute(
            HTTPRequest(method: method, url: url, headers: headers, body: method == "GET" ? nil : Array("{}".utf8)),
            deadline: .now + .seconds(10))
    }

    @Test func everyRouteReachesItsWorkerWithItsPathUntouched() async throws {
        try await Self.withWorkers { router, http in
            for route in RunningRouter.routes {
                for path in route.paths {
                    let target = path.split(separator: "/").map { $0.hasPrefix("{") ? "%23a%2Fb%3Ac%2e" : String($0) }
                        .joined(separator: "/")
                    let answer = try await Self.send(
                        http, route.method.rawValue, "\(router.url)/\(target)?since=s&x=%2F")
                    let isPublic = ["/_matrix/", "/.well-known/matrix/", "/oauth2/"].contains { path.hasPrefix($0) }
                    guard isPublic else {
                        #expect(answer.status == 404, "\(path) must not be reachable")
                        continue
                    }
                    #expect(
                        String(decoding: answer.body, as: UTF8.self)
                            == "\(route.worker) \(route.method.rawValue) /\(target)?since=s&x=%2F")
                }
            }
        }
    }

    @Test func firstAndFullSyncsGoToTheirOwnPool() async throws {
        let pools = [
            ("?since=s1_x", "sync"), ("", "initial"), ("?since=", "initial"), ("?timeout=0", "initial"),
            ("?since=s1&full_state=true", "initial"), ("?since=s1&full_state=false", "sync"),
        ]
        try await Self.withWorkers { router, http in
            for (query, pool) in pools {
                let answer = try await Self.send(http, "GET", "\(router.url)/_matrix/client/v3/sync\(query)")
                #expect(String(decoding: answer.body, as: UTF8.self).hasPrefix("\(pool) "), "\(query)")
            }
        }
    }

    @Test func whatIsNoPathOfMatrixIsNotFound() async throws {
        let paths = [
            "/", "/internal/feed", "/internal/shards/0/commands", "/metrics", "/ready", "/live",
            "/_synapse/admin/v1/register", "/_matrix", "/_matrix%2fclient/versions", "/_matrix/client%2fv3/sync",
            "/_matrix/client/v3%2Fsync", "/_matrix/..;/internal/feed", "/_matrix/../internal/feed",
            "/_matrix/%2e%2e/internal/feed", "/_matrix/.%2E/internal/feed", "/_matrix/client/v3/./sync",
            "/_matrix//client/versions", "//_matrix/client/versions", "/_matrix/client/v3/rooms/!a/..",
            "/%5fmatrix/client/versions", "/_matrix/client/..%2f..%2finternal",
        ]
        try await Self.withWorkers { router, _ in
            for path in paths {
                let text = try await RawConnection.exchange(
                    "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", port: router.port)
                #expect(RawConnection.statuses(text) == [404], "\(path)")
                #expect(text.contains("M_UNRECOGNIZED"), "\(path)")
            }
        }
    }

    @Test func headersWorkersTrustAreSetByTheRouterAlone() async throws {
        let seen = Mutex<[String]>([])
        try await withScriptedServer { request, responder in
            seen.withLock { $0 = request.headerLines.map { $0.lowercased() } }
            try await responder.respond(status: 200, "{}")
        } body: { server in
            try await RunningRouter.with { router in
                try await router.apply([RunningRouter.server("client-1", .client, at: server.address)])
                let http = HTTPClient()
                defer { http.shutdown() }
                _ = try await Self.send(
                    http, "GET", "\(router.url)/_matrix/client/versions",
                    headers: [
                        ("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Host", "evil"), ("Forwarded", "for=6.6.6.6"),
                        ("X-Real-IP", "6.6.6.6"), ("X-Apus-Caller", "@root:a"), ("X-Request-Id", "mine"),
                        ("Upgrade", "h2c"),
                    ])
            }
        }
        let headers = seen.withLock { $0 }
        #expect(headers.filter { $0.hasPrefix("x-forwarded-") } == ["x-forwarded-for: 127.0.0.1"])
        for name in ["forwarded:", "x-real-ip:", "x-apus-", "upgrade:"] {
            #expect(!headers.contains { $0.hasPrefix(name) }, "\(name) must not pass")
        }
        let ids = headers.filter { $0.hasPrefix("x-request-id:") }
        #expect(ids.count == 1 && !ids.contains("x-request-id: mine"))
    }

    /// Limits count by address: behind a load balancer all would have one.
    @Test(arguments: [["127.0.0.0/8"], ["10.0.0.0/8", "fd00::/8"]])
    func whomATrustedLoadBalancerForwardsForIsBelieved(proxies: [String]) async throws {
        let seen = Mutex<[String]>([])
        try await withScriptedServer { request, responder in
            seen.withLock { $0 = request.headerLines.map { $0.lowercased() } }
            try await responder.respond(status: 200, "{}")
        } body: { server in
            try await RunningRouter.with(trustedProxies: proxies) { router in
                try await router.apply([RunningRouter.server("client-1", .client, at: server.address)])
                let http = HTTPClient()
                defer { http.shutdown() }
                for (header, address) in [("6.6.6.6, 7.7.7.7", "7.7.7.7"), (nil, "127.0.0.1")] {
                    _ = try await Self.send(
                        http, "GET", "\(router.url)/_matrix/client/versions",
                        headers: header.map { [("X-Forwarded-For", $0)] } ?? [])
                    let isTrusted = proxies.contains("127.0.0.0/8")
                    let forwarded = seen.withLock { $0.filter { $0.hasPrefix("x-forwarded-for:") } }
                    #expect(forwarded == ["x-forwarded-for: \(isTrusted ? address : "127.0.0.1")"])
                }
            }
        }
        for (text, isNetwork) in [
            ("10.0.0.0/8", true), ("::1", true), ("all", false), ("10.0.0.0/8 }", false), ("/8", false),
        ] {
            #expect(RouterSettings.isNetwork(text) == isNetwork, "\(text)")
        }
    }

    @Test func haproxyTakesEveryVariantOfTheConfiguration() async throws {
        for hasInitialPool in [true, false] {
            for operations in [nil, ListenAddress(host: "127.0.0.1", port: 1)] {
                let folder = "/tmp/apus-router-\(UInt32.random(in: 0 ... .max))"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                defer {
                    // Left-overs in the temporary folder harm nobody.
                    try? FileManager.default.removeItem(atPath: folder)
                }
                let settings = RouterSettings(
                    listen: ListenAddress(host: "127.0.0.1", port: 2), operations: operations,
                    socketPath: folder + "/socket", directory: folder, connectionsMax: 500,
                    hasInitialPool: hasInitialPool)
                try RunningRouter.write(
                    RouterConfiguration(routes: RunningRouter.routes, settings: settings), to: folder)
                let output = LineCollector()
                let check = ProcessCommand("/usr/sbin/haproxy", ["-c", "-f", folder + "/haproxy.cfg"])
                let exit = try await ChildProcess.start(check, onLine: output.append).exit()
                #expect(exit == .exited(0), "\(output.text)")
                #expect(!output.text.contains("WARNING"), "\(output.text)")
            }
        }
    }
}
