import Synchronization

/// A process's output, for when it fails.
final class CollectedLines: Sendable {
    private let lines = Mutex<[String]>([])
    /// Later lines are left out.
    static let linesMax = 1_000

    func append(_ line: String) {
        lines.withLock { if $0.count < Self.linesMax { $0.append(line) } }
    }

    var text: String { lines.withLock { $0.joined(separator: "\n") } }
}
