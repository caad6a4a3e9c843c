import CanonicalJSON
import Foundation
import Glibc
import OutboundHTTP

extension Cluster {
    /// Runs `apus` with the cluster's state directory.
    @discardableResult
    public func apus(_ arguments: String..., within duration: Duration = commandMax) async throws -> [UInt8] {
        try await run([program] + arguments + ["--state", directory], within: duration)
    }

    public func status() async throws -> ClusterStatus {
        let printed = try await apus("status", "--json", within: .seconds(15))
        return try ClusterStatus(JSONObject.parse(printed))
    }

    /// Replaces every worker, one by one.
    public func roll() async throws { try await apus("roll") }

    /// Sets how many workers of a kind there are, as `sync=5`.
    public func scale(_ wish: String) async throws { try await apus("scale", wish) }

    /// Ends a worker without warning.
    public func killWorker(_ worker: ClusterStatus.Worker) { kill(worker.pid, SIGKILL) }

    /// A worker's own address, past the router.
    public func direct(to worker: ClusterStatus.Worker) throws -> Homeserver {
        guard let address = worker.publicAddress else { throw ClusterFailure.noWorker(worker.kind) }
        return Homeserver(baseURL: "http://\(address)", http: http)
    }

    /// The memory and open files of a kind's workers.
    public func figures(of kind: String) async throws -> [ProcessFigures] {
        try await status().ready(kind).compactMap { ProcessFigures(pid: $0.pid) }
    }

    /// Processor time of all workers together, and of PostgreSQL's backends for this cluster.
    public func processorTimes() async throws -> (workers: Duration, database: Duration) {
        let backends = try await database.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        func sum(_ pids: [Int32]) -> Duration {
            pids.compactMap { ProcessFigures(pid: $0)?.processorTime }.reduce(.zero, +)
        }
        return (sum(try await status().workers.map(\.pid)), sum(try backends.map { try $0.int32("pid") }))
    }

    /// The sum of a counter over all workers of a kind, with all labels.
    public func counter(_ name: String, of kind: String) async throws -> Double {
        var sum = 0.0
        for worker in try await status().ready(kind) {
            let page = try await Homeserver(baseURL: "http://\(worker.operationsAddress)", http: http)
                .answer("GET", "/metrics", within: .seconds(5))
            sum += MetricsPage(String(decoding: page.body, as: UTF8.self)).sum(of: name)
        }
        return sum
    }
}

/// A page in Prometheus' text format.
public struct MetricsPage: Sendable {
    private let lines: [Substring]

    public init(_ text: String) { lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") } }

    /// The sum of all samples of `name`, whatever their labels.
    public func sum(of name: String) -> Double {
        lines.reduce(0) { sum, line in
            guard line.hasPrefix(name), let value = line.split(separator: " ").last.flatMap({ Double($0) }) else {
                return sum
            }
            let rest = line.dropFirst(name.count)
            return rest.hasPrefix(" ") || rest.hasPrefix("{") ? sum + value : sum
        }
    }
}
