import ArgumentParser
import ClusterOperations

/// Ends a running cluster.
struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Drains a running cluster and ends it, as its Ctrl-C does.")

    @OptionGroup var cluster: ClusterChoice

    func run() async throws {
        try await ControlClient(statePath: cluster.state).stop()
    }
}
