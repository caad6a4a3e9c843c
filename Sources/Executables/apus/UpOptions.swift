import ArgumentParser
import ClusterConfiguration
import ClusterOperations
import Foundation

/// What `apus up` takes.
struct UpOptions: ParsableArguments {
    @Option(help: "The folder for everything the cluster keeps.")
    var state = ".apus"
    @Option(help: "The port clients connect to; 0 chooses a free one.")
    var port = 8_008
    @Option(help: "The address clients connect to.")
    var listen = "127.0.0.1"
    @Option(help: "The server's name, the part after the colon in user IDs; it never changes.")
    var serverName = "localhost"
    @Option(help: "Client workers.")
    var client = 2
    @Option(help: "Sync workers.")
    var sync = 2
    @Option(help: "Workers for first and full-state syncs.")
    var initial = 1
    @Option(help: "Room-writers.")
    var writer = 2
    @Option(help: "Housekeepers.")
    var housekeeper = 1
    @Option(help: "Media workers.")
    var media = 1
    @Option(help: "Push workers.")
    var push = 1
    @Option(help: "Shards of a new database.")
    var shards = 64
    @Option(help: "Who may register: open, token or closed.")
    var registration = WorkerConfiguration.RegistrationMode.open
    @Option(help: "A PostgreSQL to use instead of a private one.")
    var databaseURL: String?
    @Option(name: .customLong("set"), help: "A setting of the workers, as key=value; may be repeated.")
    var settings: [String] = []
    @Option(help: "A setting of the private PostgreSQL, as name=value; may be repeated.")
    var postgresSet: [String] = []
    @Option(help: "The folder with the workers' executables; this program's own unless given.")
    var executables: String?
    @Flag(help: "Stay in the foreground; there is no other way.")
    var foreground = false

    func options() throws -> LocalClusterOptions {
        var options = LocalClusterOptions(executables: executables ?? Self.ownFolder)
        options.statePath = state
        options.listen = ListenAddress(host: listen, port: port)
        options.serverName = serverName
        options.counts = try WorkerCounts().changed(
            by: [
                "client=\(client)", "sync=\(sync)", "initial=\(initial)", "writer=\(writer)",
                "housekeeper=\(housekeeper)", "media=\(media)", "push=\(push)",
            ])
        options.shardCount = shards
        options.registration = registration
        options.databaseURL = databaseURL
        options.workerSettings = try settings.map { text in
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw ValidationError("--set takes key=value, not '\(text)'") }
            return (key: String(parts[0]), value: String(parts[1]))
        }
        options.postgresSettings = postgresSet
        return options
    }

    private static var ownFolder: String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    }
}

extension WorkerConfiguration.RegistrationMode: ExpressibleByArgument {}
