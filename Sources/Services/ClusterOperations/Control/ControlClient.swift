import FoundationEssentials
import OutboundHTTP
import WorkerContracts

/// Sends commands to a running cluster.
package struct ControlClient: Sendable {
    package enum Problem: Error, CustomStringConvertible {
        case failed(String)
        case brokeOff

        package var description: String {
            switch self {
            case .failed(let reason): reason
            case .brokeOff: "the cluster ended before the command did"
            }
        }
    }

    package let control: ControlAddress
    private let client: InternalClient
    private let http: HTTPClient

    /// - Throws: ``StateDirectory/Problem/notRunning(_:)`` when no cluster runs in the folder.
    package init(statePath: String) throws {
        control = try ControlAddress.read(statePath: statePath)
        let path = StateDirectory.absolutePath(statePath) + "/secrets/cluster"
        let secret = String(try String(contentsOfFile: path, encoding: .utf8).prefix { !$0.isNewline })
        http = HTTPClient()
        client = InternalClient(http: http, secret: secret)
    }

    package func status() async throws -> ClusterStatus {
        let response = try await client.send(
            "GET", to: control.address, path: ControlRoutes.statusPath, deadline: .now + .seconds(10))
        guard response.status == 200 else {
            throw Problem.failed("status \(response.status): \(String(decoding: response.body, as: UTF8.self))")
        }
        return try ClusterStatus.decode(response.body)
    }

    /// Replaces the workers of `kind`, or all when `nil`; `progress` gets a line for each step.
    package func roll(_ kind: String?, progress: (String) -> Void) async throws {
        try await change(ControlRoutes.rollPath, ControlRequest(kind: kind), progress)
    }

    /// Brings the numbers of workers to what `words` say.
    package func scale(_ words: [String], progress: (String) -> Void) async throws {
        try await change(ControlRoutes.scalePath, ControlRequest(counts: words), progress)
    }

    /// Asks the cluster to end.
    package func stop() async throws { try await change(ControlRoutes.stopPath, ControlRequest()) { _ in } }

    private func change(_ path: String, _ request: ControlRequest, _ progress: (String) -> Void) async throws {
        let response = try await client.stream(
            "POST", from: control.address, path: path, json: Array(try JSONEncoder().encode(request)),
            deadline: .now + .seconds(10))
        guard response.head.status == 200 else { throw Problem.failed("status \(response.head.status)") }
        var pending: [UInt8] = []
        for try await bytes in response.body {
            pending += bytes
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                if line == ClusterChanges.done { return }
                if line.hasPrefix(ClusterChanges.failed) {
                    throw Problem.failed(String(line.dropFirst(ClusterChanges.failed.count)))
                }
                progress(line)
            }
        }
        throw Problem.brokeOff
    }
}
