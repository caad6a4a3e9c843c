import Synchronization

/// Where a worker is in its life.
public enum WorkerPhase: String, Sendable {
    case starting, ready, draining
}

/// The phase, readable from any thread.
final class PhaseHolder: Sendable {
    private let phase = Mutex(WorkerPhase.starting)
    var current: WorkerPhase { phase.withLock { $0 } }
    func enter(_ next: WorkerPhase) { phase.withLock { $0 = next } }
}
