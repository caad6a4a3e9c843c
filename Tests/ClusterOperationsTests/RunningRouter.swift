import ClientGateway
import ClusterConfiguration
import ClusterOperations
import Foundation
import HTTPServer
import Leases
import Media
import Sync
import TestSupport
import Testing

/// A real HAProxy with the configuration of the real routes, on a port of its own.
struct RunningRouter: Sendable {
    struct DidNotStart: Error, CustomStringConvertible {
        let output: String
        var description: String { "HAProxy does not answer: \(output)" }
    }

    static let routes = ClientEndpoints.routes + SyncEndpoints.routes + MediaEndpoints.routes

    let port: Int
    let socket: RouterSocket
    var url: String { "http://127.0.0.1:\(port)" }

    /// Runs `body` beside the router and ends it afterwards.
    static func with<Result: Sendable>(
        trustedProxies: [String] = [], _ body: @Sendable (RunningRouter) async throws -> Result
    ) async throws -> Result {
        let folder = "/tmp/apus-router-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            // Left-overs in the temporary folder harm nobody.
            try? FileManager.default.removeItem(atPath: folder)
        }
        let port = try #require(Loopback.freePort())
        let settings = RouterSettings(
            listen: ListenAddress(host: "127.0.0.1", port: Int(port)), socketPath: folder + "/socket",
            directory: folder, connectionsMax: 2_000, trustedProxies: trustedProxies)
        let configuration = RouterConfiguration(routes: routes, settings: settings)
        try write(configuration, to: folder)
        let output = LineCollector()
        let process = try await ChildProcess.start(
            ProcessCommand("/usr/sbin/haproxy", ["-db", "-f", folder + "/haproxy.cfg"]), onLine: output.append)
        let router = RunningRouter(port: Int(port), socket: RouterSocket(path: settings.socketPath))
        do {
            try await router.waitUntilReady(output)
            let result = try await body(router)
            process.send(SIGKILL)
            _ = await process.exit()
            return result
        } catch {
            process.send(SIGKILL)
            _ = await process.exit()
            throw error
        }
    }

    static func write(_ configuration: RouterConfiguration, to folder: String) throws {
        for (path, content) in configuration.files + [(folder + "/haproxy.cfg", configuration.text)] {
            try content.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }

    private func waitUntilReady(_ output: LineCollector) async throws {
        try await eventually("HAProxy answers: \(output.text)") {
            do {
                _ = try await socket.servers()
                return true
            } catch {
                return false
            }
        }
    }

    /// Brings the router's servers to `wanted`, as the follower does, and waits until they are as wished.
    func apply(_ wanted: [RouterServer]) async throws {
        try await eventually("the router has the servers") {
            let plan = RouterPlan(pools: RouterPool.all, wanted: wanted, actual: try await socket.servers())
            for command in plan.commands { _ = try await socket.send(command) }
            return plan.commands.isEmpty
        }
    }

    /// A worker on `address`, whose checks go to `operations`.
    static func server(
        _ name: String, _ kind: WorkerKind, at address: String, operations: String? = nil,
        mode: RouterServer.Mode = .serving
    ) -> RouterServer {
        RouterServer(
            id: WorkerID("\(name):run"), kind: kind, publicAddress: address, operationsAddress: operations ?? address,
            mode: mode)
    }
}
