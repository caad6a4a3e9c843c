import ClusterConfiguration
import FoundationEssentials

/// The configuration file the workers of a local cluster share, and what differs from one to the next.
struct WorkerFiles: Sendable {
    let state: StateDirectory
    let options: LocalClusterOptions

    /// Writes the shared file.
    func write(databaseURL: String, publicURL: String, sharedSecret: String) throws {
        var settings: [(key: String, value: String)] = [
            ("server.name", options.serverName),
            ("server.public_base_url", publicURL),
            ("database.url", databaseURL),
            ("cluster.secret_path", state.clusterSecretPath),
            ("signing.key_path", state.signingKeyPath),
            ("registration.mode", options.registration.rawValue),
            ("registration.shared_secret", sharedSecret),
            ("media.folder_path", state.mediaPath),
            // Everybody who tries it comes from one address.
            ("rate_limits.enabled", "false"),
            ("drain.delay_seconds", String(LocalClusterOptions.drainDelaySeconds)),
        ]
        for (key, value) in options.workerSettings {
            settings.removeAll { $0.key == key }
            settings.append((key, value))
        }
        let lines = settings.map { "\($0.key): \(Self.quoted($0.value))" }
        try state.write(
            "# Written by `apus up` at every start; every worker reads it.\n" + lines.joined(separator: "\n") + "\n",
            to: "worker.yaml")
    }

    /// The process of a worker called `name`.
    func command(for slot: WorkerSlot, name: String) -> ProcessCommand {
        var environment = Self.inherited
        environment["APUS_CONFIG"] = state.workerConfigurationPath
        environment["APUS_WORKER_NAME"] = name
        switch slot.kind {
        case .sync: environment["APUS_POOL"] = "sync"
        case .initialSync: environment["APUS_POOL"] = "initial"
        case .client, .roomWriter, .housekeeper, .media, .push: break
        }
        return ProcessCommand("\(options.executables)/\(slot.kind.executable)", environment: environment)
    }

    /// What a process needs of ours; not our own settings, which may be meant for another cluster.
    private static var inherited: [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("APUS_") }
    }

    private static func quoted(_ value: String) -> String {
        "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
