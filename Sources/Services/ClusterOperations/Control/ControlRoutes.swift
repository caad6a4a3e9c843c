import FoundationEssentials
import HTTPServer
import Leases
import NIOCore

/// What a command asks of a running cluster.
struct ControlRequest: Sendable, Codable {
    /// Of a roll: the kind to replace; `nil` for all.
    var kind: String?
    /// Of scaling: numbers as `sync=5`.
    var counts: [String]?
}

/// The commands a running cluster takes: on loopback, for those who can read its secret.
///
/// A change answers with its progress, a line each, as ``ClusterChanges/Progress`` has it.
struct ControlRoutes: Sendable {
    static let statusPath = "/control/status"
    static let rollPath = "/control/roll"
    static let scalePath = "/control/scale"
    static let stopPath = "/control/stop"

    let changes: ClusterChanges
    let stop: StopRequest
    let readStatus: @Sendable () async throws -> ClusterStatus

    var routes: [(Route, HTTPListener.Handler)] {
        [
            (route(.get, Self.statusPath), { _ in try await status() }),
            (route(.post, Self.rollPath), { await roll(try Self.parse($0)) }),
            (route(.post, Self.scalePath), { await change(.scale(try Self.parse($0).counts ?? [])) }),
            (route(.post, Self.stopPath), { _ in end() }),
        ]
    }

    private func status() async throws -> HTTPAnswer {
        let json = try ClusterStatus.encode(try await readStatus(), isPretty: false)
        return HTTPAnswer(body: .bytes(ByteBuffer(bytes: json)))
    }

    private func roll(_ request: ControlRequest) async -> HTTPAnswer {
        guard let name = request.kind else { return await change(.roll(nil)) }
        guard let kind = WorkerKind(operatorName: name) else {
            return Self.lines([ClusterChanges.failed + WorkerCounts.Problem.unknownKind(name).description])
        }
        return await change(.roll(kind))
    }

    private func change(_ change: ClusterChange) async -> HTTPAnswer {
        do {
            let progress = try await changes.begin(change)
            return HTTPAnswer(
                contentType: "text/plain",
                body: .stream { write in
                    for await line in progress { try await write(ByteBuffer(string: line + "\n")) }
                })
        } catch {
            return Self.lines([ClusterChanges.failed + "\(error)"])
        }
    }

    private func end() -> HTTPAnswer {
        stop.set()
        return Self.lines([ClusterChanges.done])
    }

    private func route(_ method: HTTPMethod, _ path: String) -> Route {
        Route(method, path, worker: "apus", cost: .internal, authentication: .cluster)
    }

    private static func parse(_ request: ServerRequest) throws -> ControlRequest {
        try JSONDecoder().decode(ControlRequest.self, from: Data(request.body.readableBytesView))
    }

    private static func lines(_ lines: [String]) -> HTTPAnswer {
        HTTPAnswer(
            contentType: "text/plain", body: .bytes(ByteBuffer(string: lines.map { $0 + "\n" }.joined())))
    }
}
