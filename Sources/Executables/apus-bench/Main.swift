import ArgumentParser

/// Measures a cluster on this machine; every figure is a ratio to something measured in the same run.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus-bench", abstract: "Measures a cluster on this machine.",
        subcommands: [RunBenchmarks.self, BarePollServer.self], defaultSubcommand: RunBenchmarks.self)
}

/// Runs benchmarks one after the other.
struct RunBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Runs benchmarks, all by default.")

    /// Every benchmark there is; a new one is a file and a line here.
    static let all: [any Benchmark.Type] = [
        WriterAlone.self, AcknowledgedEvents.self, ChatLatency.self, FullStateHerd.self, FirstSyncs.self,
        ParkedPolls.self, SyncBytes.self, Joins.self, Thumbnailing.self, MessageCost.self,
    ]

    @Argument(help: "The benchmarks to run: \(all.map { $0.name }.joined(separator: ", ")).")
    var names: [String] = []

    func validate() throws {
        for name in names where !Self.all.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            throw ValidationError("there is no benchmark '\(name)'")
        }
    }

    func run() async throws {
        for benchmark in Self.all
        where names.isEmpty || names.contains(where: { $0.utf8.elementsEqual(benchmark.name.utf8) }) {
            let figures = try await benchmark.init().run()
            print("bench=\(benchmark.name) \(figures.map(\.description).joined(separator: " "))")
        }
    }
}
