import ArgumentParser
import ClusterOperations

/// Changes how many workers of a kind run.
struct Scale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Changes how many workers of a kind run, as 'apus scale sync=5 writer=3'.")

    @OptionGroup var cluster: ClusterChoice
    @Argument(help: "KIND=NUMBER; kinds are client, sync, initial, writer, media, push, housekeeper.")
    var counts: [String]

    func run() async throws {
        try await ControlClient(statePath: cluster.state).scale(counts) { Progress.show($0) }
    }
}
