/// Why a cluster cannot be tested.
public enum ClusterFailure: Error, CustomStringConvertible {
    case noPrograms(String)
    /// It ended, or did not become ready in time; with the end of its log.
    case notReady(String, log: String)
    case command([String], status: Int32, output: String)
    case unreadableStatus(String)
    case noWorker(String)

    public var description: String {
        switch self {
        case .noPrograms(let directory): "there is no apus in \(directory); build the package"
        case .notReady(let why, let log): "the cluster is not ready: \(why)\n\(log)"
        case .command(let command, let status, let output):
            "\(command.joined(separator: " ")) ended with \(status): \(output)"
        case .unreadableStatus(let why): "apus status: \(why)"
        case .noWorker(let kind): "no \(kind) worker is ready"
        }
    }
}
