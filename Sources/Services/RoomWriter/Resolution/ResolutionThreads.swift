import Foundation
import Synchronization

/// A few threads that work for long without a pause, beside Swift's cooperative pool, which such work would starve.
package final class ResolutionThreads: Sendable {
    /// Rooms whose state is resolved at the same time; more wait for each other, and for nobody else.
    package static let threadsMax = 2
    /// Resolutions that wait; more are refused.
    package static let waitingMax = 256

    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Resolutions that wait for a thread now.
    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Runs `work` on a thread; `nil` when too many wait.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            let isTaken = submit { continuation.resume(returning: work()) }
            if !isTaken { continuation.resume(returning: nil) }
        }
    }

    private func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, starts) = state.withLock { state in
            if state.running < Self.threadsMax {
                state.running += 1
                return (true, true)
            }
            guard state.waiting.count < Self.waitingMax else { return (false, false) }
            state.waiting.append(job)
            return (true, false)
        }
        if starts { start(job) }
        return isTaken
    }

    private func start(_ first: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            first()
            while let job = next() { job() }
        }
        thread.name = "state-resolution"
        // Walks over auth chains are loops, but events are compared and parsed on it too.
        thread.stackSize = 4 << 20
        thread.start()
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
