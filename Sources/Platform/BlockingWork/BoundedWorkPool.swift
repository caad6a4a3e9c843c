import Glibc
import Synchronization

/// Runs blocking work on a few threads of its own, beside Swift's cooperative pool, with a bounded queue.
///
/// A burst of logins would otherwise take every thread of the process for 20 ms each; here it waits its turn, and what
/// would wait too long is refused at once. Threads are plain ones, made when there is work: those of Dispatch are the
/// cooperative pool's too, and two that block on two cores were seen to stop all tasks for a second.
package final class BoundedWorkPool: Sendable {
    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private let threadsMax: Int
    private let queueMax: Int
    private let state = Mutex(State())

    package init(threadsMax: Int, queueMax: Int) {
        precondition(threadsMax > 0 && queueMax >= 0, "a work pool needs a thread")
        self.threadsMax = threadsMax
        self.queueMax = queueMax
    }

    /// Runs `work` on a thread of the pool; `nil` when the queue is full.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            let accepted = submit { continuation.resume(returning: work()) }
            if !accepted { continuation.resume(returning: nil) }
        }
    }

    /// How many jobs wait for a thread.
    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    private func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        enum Placement { case start, wait, refuse }
        let placement = state.withLock { state -> Placement in
            if state.running < threadsMax {
                state.running += 1
                return .start
            }
            guard state.waiting.count < queueMax else { return .refuse }
            state.waiting.append(job)
            return .wait
        }
        if case .start = placement { startThread { self.work(startingWith: job) } }
        if case .refuse = placement { return false }
        return true
    }

    private func startThread(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(ThreadBody(run: body)).toOpaque())
        precondition(code == 0, "cannot start a thread for blocking work")
        pthread_detach(thread)
    }

    /// One thread's life: a job, then those that wait, until none does.
    private func work(startingWith first: @Sendable () -> Void) {
        first()
        while let job = next() { job() }
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

/// Carries a closure through a C pointer.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
