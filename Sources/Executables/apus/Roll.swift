import ArgumentParser
import ClusterOperations

/// Replaces workers one by one.
struct Roll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replaces every worker, or those of one kind, one by one, without a failed request.")

    @OptionGroup var cluster: ClusterChoice
    @Argument(help: "client, sync, initial, writer, media, push or housekeeper; all when left out.")
    var kind: String?

    func run() async throws {
        try await ControlClient(statePath: cluster.state).roll(kind) { Progress.show($0) }
    }
}
