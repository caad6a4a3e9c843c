import ClusterConfiguration
import Foundation
import HTTPServer
import NIOCore
import OutboundHTTP
import Synchronization
import TestSupport
import Testing
import WorkerRuntime

/// A worker's life: what it says while it starts, serves, is stuck and drains.
struct WorkerLifeTests {
    /// A service that writes down what it is asked, and whose requests wait at a gate.
    private final class RecordingService: WorkerService {
        let gate = Gate()
        let startGate = Gate()
        private let calls = Mutex<[String]>([])
        private let found = Mutex<WorkerAddresses?>(nil)

        var called: [String] { calls.withLock { $0 } }
        var addresses: WorkerAddresses? { found.withLock { $0 } }
        func note(_ call: String) { calls.withLock { $0.append(call) } }

        var publicRoutes: [(Route, HTTPListener.Handler)] {
            [
                (
                    .test(.get, "/slow"),
                    { _ in
                        try await self.gate.pass()
                        self.note("answered")
                        return HTTPAnswer(json: "{}")
                    }
                ),
                (.test(.get, "/quick"), { _ in HTTPAnswer(json: "{}") }),
            ]
        }
        var internalRoutes: [(Route, HTTPListener.Handler)] { [] }

        func start() async throws {
            try await startGate.pass()
            note("start")
        }
        func announce(_ addresses: WorkerAddresses) async throws {
            found.withLock { $0 = addresses }
            note("announce")
        }
        func run() async throws {
            defer { note("run ended") }
            try await Task.sleep(for: .seconds(3_600))
        }
        func beginDraining() async { note("begin draining") }
        func drain() async { note("drain") }
        func stop() async { note("stop") }
    }

    private static func configuration(operationsPort: Int) throws -> WorkerConfiguration {
        try WorkerConfiguration(environment: [
            "APUS_SERVER_NAME": "a", "APUS_DATABASE_URL": "x", "APUS_CLUSTER_SECRET": "s", "APUS_SIGNING_KEY_PATH": "x",
            "APUS_LISTEN_OPERATIONS": "127.0.0.1:\(operationsPort)", "APUS_DRAIN_DELAY_SECONDS": "1",
        ])
    }

    private static func with(
        _ body: (RecordingService, _ operations: String, HTTPClient, _ stop: @Sendable () -> Void) async throws -> Void
    ) async throws {
        let service = RecordingService()
        let port = try #require(Loopback.freePort())
        let process = WorkerProcess(
            configuration: try configuration(operationsPort: Int(port)), service: service,
            logger: .silent)
        let (signals, continuation) = AsyncStream.makeStream(of: Void.self)
        let http = HTTPClient()
        defer { http.shutdown() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await process.run(until: signals) }
            try await body(service, "http://127.0.0.1:\(port)", http) {
                continuation.yield()
                continuation.finish()
            }
            continuation.finish()
            try await group.waitForAll()
        }
    }

    private static func status(_ http: HTTPClient, _ url: String) async -> Int? {
        do {
            return try await http.execute(HTTPRequest(method: "GET", url: url), deadline: .now + .seconds(5)).status
        } catch {
            return nil  // Not listening yet, or not any more.
        }
    }

    @Test(.timeLimit(.minutes(1))) func itDrainsInTheOrderThatRefusesNobody() async throws {
        try await Self.with { service, operations, http, stop in
            try await eventually("it lives") { await Self.status(http, operations + "/live") == 200 }
            #expect(await Self.status(http, operations + "/ready") == 404, "not ready while it starts")
            service.startGate.open()
            try await eventually("it is ready") { await Self.status(http, operations + "/ready") == 200 }
            let address = try #require(service.addresses?.publicAddress)

            async let slow = http.execute(
                HTTPRequest(method: "GET", url: "http://\(address)/slow"), deadline: .now + .seconds(30))
            try await eventually("a request is under way") { service.gate.arrivals == 1 }
            stop()
            try await eventually("it is not ready any more") { await Self.status(http, operations + "/ready") == 404 }
            // Until the router has looked away, it serves as ever.
            #expect(await Self.status(http, "http://\(address)/quick") == 200)
            try await eventually("it drains") { service.called.contains("drain") }
            #expect(await Self.status(http, operations + "/live") == 200)
            let closing = try await http.execute(
                HTTPRequest(method: "GET", url: "http://\(address)/quick"), deadline: .now + .seconds(5))
            #expect(closing.head.header("connection") == "close")
            service.gate.open()
            #expect(try await slow.status == 200)
            try await eventually("it has stopped") { service.called.contains("stop") }
            #expect(
                service.called == ["start", "announce", "begin draining", "drain", "answered", "run ended", "stop"])
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatWatchesItIsAnsweredWhileEverythingElseIsStuck() async throws {
        try await Self.with { service, operations, http, stop in
            service.startGate.open()
            try await eventually("it is ready") { await Self.status(http, operations + "/ready") == 200 }
            let address = try #require(service.addresses?.publicAddress)
            var configuration = HTTPClient.Configuration()
            configuration.connectionsMax = 1_000
            let crowd = HTTPClient(configuration: configuration)
            defer { crowd.shutdown() }
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<CostClass.light.inFlightMax {
                    group.addTask { _ = await Self.status(crowd, "http://\(address)/slow") }
                }
                do {
                    try await eventually("every place is taken") {
                        service.gate.arrivals == CostClass.light.inFlightMax
                    }
                } catch { Issue.record(error) }
                for path in ["/live", "/ready", "/metrics"] {
                    let began = ContinuousClock.now
                    #expect(await Self.status(http, operations + path) == 200)
                    #expect(ContinuousClock.now - began < .seconds(1))
                }
                service.gate.open()
            }
            stop()
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWorkerStillWaitingForItsDatabaseEndsWhenTold() async throws {
        try await Self.with { service, operations, http, stop in
            try await eventually("it lives") { await Self.status(http, operations + "/live") == 200 }
            stop()
            try await eventually("it has stopped") { service.called.contains("stop") }
            #expect(!service.called.contains("announce"))
        }
    }
}
