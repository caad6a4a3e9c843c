import ClusterOperations
import Leases
import OutboundHTTP
import Synchronization
import TestSupport
import Testing

/// What the router does when workers are full, leave, die or freeze.
@Suite(.serialized)
struct RouterPressureTests {
    private static let membersPath = "/_matrix/client/v3/rooms/!a/members"
    private static let sendPath = "/_matrix/client/v3/rooms/!a/send/m.room.message/t1"

    /// Runs `body` with a router and a worker whose answers wait until the gate is opened.
    private static func withKeptWorker(_ body: @Sendable (RunningRouter, Gate) async throws -> Void) async throws {
        let gate = Gate()
        try await withScriptedServer { request, responder in
            if request.target != "/ready" { try await gate.pass() }
            try await responder.respond(status: 200, "{}")
        } body: { server in
            try await RunningRouter.with { router in
                try await router.apply([RunningRouter.server("client-1", .client, at: server.address)])
                try await body(router, gate)
            }
        }
    }

    private static func statuses(_ responses: [HTTPResponse]) -> [Int: Int] {
        responses.reduce(into: [:]) { $0[$1.status, default: 0] += 1 }
    }

    private static func request(_ router: RunningRouter, _ method: String, _ path: String) -> HTTPRequest {
        HTTPRequest(method: method, url: router.url + path, body: method == "GET" ? nil : Array("{}".utf8))
    }

    @Test func whatDoesNotFitIsShedAtOnceInTheWordsOfMatrix() async throws {
        let pool = RouterPool.pages
        try await Self.withKeptWorker { router, gate in
            var configuration = HTTPClient.Configuration()
            configuration.connectionsMax = 1_024
            let http = HTTPClient(configuration: configuration)
            defer { http.shutdown() }
            let extra = 40
            let responses = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<pool.requestsPerServerMax {
                    group.addTask {
                        try await http.execute(
                            Self.request(router, "GET", Self.membersPath), deadline: .now + .seconds(30))
                    }
                }
                try await eventually("the worker is full") { gate.arrivals == pool.requestsPerServerMax }
                // These can only wait, and some not even that.
                let quickest = Quickest()
                for _ in 0..<(pool.waitingMax + extra) {
                    group.addTask {
                        let began = ContinuousClock.now
                        let response = try await http.execute(
                            Self.request(router, "GET", Self.membersPath), deadline: .now + .seconds(30))
                        let took = ContinuousClock.now - began
                        quickest.record(took)
                        return response
                    }
                }
                var responses: [HTTPResponse] = []
                while responses.count < extra, let response = try await group.next() { responses.append(response) }
                #expect(quickest.duration < pool.waitMax, "shedding does not wait for the queue")
                #expect(responses.allSatisfy { $0.status == 429 })
                // Another pool of the same worker goes on: it is the pool that is full, not the worker.
                async let other = http.execute(
                    Self.request(router, "GET", "/_matrix/client/versions"), deadline: .now + .seconds(10))
                try await eventually("the other pool's request arrives") {
                    gate.arrivals > pool.requestsPerServerMax
                }
                gate.open()
                #expect(try await other.status == 200)
                for try await response in group { responses.append(response) }
                return responses
            }
            let counts = Self.statuses(responses)
            #expect(Set(counts.keys).isSubset(of: [200, 429]), "\(counts)")
            #expect(counts[200, default: 0] >= pool.requestsPerServerMax)
            let shed = try #require(responses.first { $0.status == 429 })
            #expect(shed.head.header("retry-after") != nil)
            #expect(shed.head.header("access-control-allow-origin") == "*")
            #expect(String(decoding: shed.body, as: UTF8.self).contains("M_LIMIT_EXCEEDED"))
        }
    }

    @Test func whatWaitsTooLongIsShed() async throws {
        let pool = RouterPool.pages
        try await Self.withKeptWorker { router, gate in
            let http = HTTPClient()
            defer { http.shutdown() }
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<pool.requestsPerServerMax {
                    group.addTask {
                        try await http.execute(
                            Self.request(router, "GET", Self.membersPath), deadline: .now + .seconds(30)
                        ).status
                    }
                }
                try await eventually("the worker is full") { gate.arrivals == pool.requestsPerServerMax }
                let began = ContinuousClock.now
                let late = try await http.execute(
                    Self.request(router, "GET", Self.membersPath), deadline: .now + .seconds(30))
                let waited = ContinuousClock.now - began
                #expect(late.status == 429)
                #expect(late.head.header("retry-after") != nil)
                #expect(waited >= pool.waitMax && waited < pool.waitMax + .seconds(3))
                gate.open()
                for try await status in group { #expect(status == 200) }
            }
        }
    }

    @Test func withoutAWorkerTheAnswerSaysWhenToComeBack() async throws {
        try await RunningRouter.with { router in
            let http = HTTPClient()
            defer { http.shutdown() }
            for path in ["/_matrix/client/versions", "/_matrix/client/v3/sync", "/_matrix/client/v3/sync?since=a"] {
                let response = try await http.execute(Self.request(router, "GET", path), deadline: .now + .seconds(5))
                #expect(response.status == 503)
                #expect(response.head.header("retry-after") == "1")
                #expect(String(decoding: response.body, as: UTF8.self).contains("errcode"))
            }
            let health = try await http.execute(Self.request(router, "GET", "/health"), deadline: .now + .seconds(5))
            #expect(health.status == 503)
        }
    }

    /// A worker that says 404 to `/ready` by itself, as in a cluster whose router nobody tells.
    @Test func aWorkerThatIsNotReadyFinishesWhatItHasAndGetsNothingNew() async throws {
        let gate = Gate()
        let isReady = Mutex(true)
        let afterwards = Mutex(0)
        try await withScriptedServer { request, responder in
            if request.target == "/ready" {
                return try await responder.respond(status: isReady.withLock { $0 } ? 200 : 404, "")
            }
            if request.target.hasSuffix("slow") { try await gate.pass() } else { afterwards.withLock { $0 += 1 } }
            try await responder.respond(status: 200, "leaving")
        } body: { leaving in
            try await withScriptedServer { request, responder in
                try await responder.respond(status: 200, "staying")
            } body: { staying in
                try await RunningRouter.with { router in
                    let leaver = RunningRouter.server("client-1", .client, at: leaving.address)
                    try await router.apply([leaver])
                    let http = HTTPClient()
                    defer { http.shutdown() }
                    async let slow = http.execute(
                        Self.request(router, "GET", "/_matrix/client/v3/slow"), deadline: .now + .seconds(20))
                    try await eventually("the slow request arrives") { gate.arrivals == 1 }
                    try await router.apply([leaver, RunningRouter.server("client-2", .client, at: staying.address)])
                    isReady.withLock { $0 = false }
                    try await eventually("the router sees it") {
                        try await router.socket.servers().contains {
                            $0.pool == "client" && $0.name.hasPrefix("client-1") && $0.operational == 3
                        }
                    }
                    let before = afterwards.withLock { $0 }
                    for _ in 0..<20 {
                        let response = try await http.execute(
                            Self.request(router, "GET", "/_matrix/client/versions"), deadline: .now + .seconds(5))
                        #expect(response.status == 200)
                        #expect(String(decoding: response.body, as: UTF8.self) == "staying")
                    }
                    #expect(afterwards.withLock { $0 } == before)
                    gate.open()
                    #expect(try await slow.status == 200)
                }
            }
        }
    }

    @Test func aDeadWorkersRequestsGoToTheOthersWithoutAnError() async throws {
        try await withScriptedServer { _, responder in
            try await responder.respond(status: 200, "alive")
        } body: { alive in
            try await RunningRouter.with { router in
                let dead = try #require(Loopback.freePort())
                try await router.apply([
                    RunningRouter.server(
                        "client-1", .client, at: "127.0.0.1:\(dead)", operations: alive.address),
                    RunningRouter.server("client-2", .client, at: alive.address),
                ])
                let http = HTTPClient()
                defer { http.shutdown() }
                let began = ContinuousClock.now
                for number in 0..<40 {
                    let method = number % 2 == 0 ? "GET" : "POST"
                    let response = try await http.execute(
                        Self.request(router, method, "/_matrix/client/v3/rooms/!a/leave"), deadline: .now + .seconds(5))
                    #expect(response.status == 200)
                }
                // HAProxy's pause before it tries the same server again is a second.
                #expect(ContinuousClock.now - began < .seconds(5), "nobody waits for a worker that is gone")
            }
        }
    }

    /// A worker killed with requests under way: what may be repeated is, what may not says so.
    @Test(arguments: [
        ("GET", "/_matrix/client/versions", 200), ("PUT", sendPath, 200),
        ("POST", "/_matrix/client/v3/createRoom", 502), ("PUT", "/_matrix/client/v3/directory/room/%23a:b", 502),
    ])
    func brokenConnectionsAreRepeatedOnlyWhenThatIsHarmless(method: String, path: String, status: Int) async throws {
        try await withScriptedServer { request, responder in
            if request.target == "/ready" { return try await responder.respond(status: 200, "") }
            throw ScriptedHTTPServer.CloseConnection()
        } body: { dying in
            try await withScriptedServer { _, responder in
                try await responder.respond(status: 200, "alive")
            } body: { alive in
                try await RunningRouter.with { router in
                    let first = RunningRouter.server("client-1", .client, at: dying.address)
                    try await router.apply([first, RunningRouter.server("client-2", .client, at: alive.address)])
                    let http = HTTPClient()
                    defer { http.shutdown() }
                    var seen: Set<Int> = []
                    for _ in 0..<12 {
                        let response = try await http.execute(
                            Self.request(router, method, path), deadline: .now + .seconds(10))
                        seen.insert(response.status)
                        if response.status == 502 {
                            #expect(response.head.header("retry-after") == "1")
                            #expect(String(decoding: response.body, as: UTF8.self).contains("errcode"))
                        }
                    }
                    #expect(seen.isSubset(of: [200, status]), "\(seen)")
                    #expect(seen.contains(status))
                }
            }
        }
    }
}

/// The shortest of what many tasks took.
private final class Quickest: Sendable {
    private let shortest = Mutex(Duration.seconds(60))

    var duration: Duration { shortest.withLock { $0 } }

    func record(_ took: Duration) { shortest.withLock { $0 = min($0, took) } }
}
