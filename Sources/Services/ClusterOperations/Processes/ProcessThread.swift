import Dispatch
import Glibc
import Synchronization

/// Threads for what blocks: waiting for children, and starting them.
enum ProcessThread {
    /// Runs `body` on a thread of its own.
    static func detach(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(ThreadBody(body))
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        precondition(status == 0, "no thread to watch a process with")
        pthread_detach(thread)
    }
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// The one thread that starts processes.
///
/// The kernel ties "die with my parent" to the thread that started a process, not to its process: a pool's thread that
/// ends for lack of work would take every worker with it. So this one thread lives as long as the process.
final class ProcessStarter: Sendable {
    static let shared = ProcessStarter()

    private struct State {
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let jobs = DispatchSemaphore(value: 0)

    private init() {
        ProcessThread.detach { [self] in
            while true {
                jobs.wait()
                let job = state.withLock { $0.waiting.removeFirst() }
                job()
            }
        }
    }

    func run<Value: Sendable>(_ job: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiting.append { continuation.resume(returning: job()) } }
            jobs.signal()
        }
    }
}
