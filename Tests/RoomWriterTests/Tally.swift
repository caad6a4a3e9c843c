import Synchronization

/// Counts over tasks.
final class Tally: Sendable {
    private let stored = Mutex(0)
    var count: Int { stored.withLock { $0 } }
    func add() { stored.withLock { $0 += 1 } }
}
