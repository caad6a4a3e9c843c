import ArgumentParser
import ClusterOperations
import Logging
import OutboundHTTP
import Postgres

/// Shows workers, shards, log positions and lags.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows workers, shards, log positions and lags.")

    @OptionGroup var cluster: ClusterChoice
    @Option(help: "Ask this database instead of a cluster on this machine.")
    var databaseURL: String?
    @Flag(help: "As JSON.")
    var json = false

    func run() async throws {
        let status = try await read()
        guard json else { return print(status.table, terminator: "") }
        print(String(decoding: try ClusterStatus.encode(status, isPretty: true), as: UTF8.self))
    }

    private func read() async throws -> ClusterStatus {
        guard let databaseURL else { return try await ControlClient(statePath: cluster.state).status() }
        return try await OperatorDatabase.with(url: databaseURL) { database in
            try await StatusReader(database: database, http: HTTPClient()).read()
        }
    }
}
