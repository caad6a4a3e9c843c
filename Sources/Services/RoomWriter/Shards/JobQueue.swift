/// Work that shards start and do not wait for, carried out as children of one task: cancelled with it, never left behind.
final class JobQueue: Sendable {
    private let jobs: AsyncStream<@Sendable () async -> Void>
    private let continuation: AsyncStream<@Sendable () async -> Void>.Continuation

    init() { (jobs, continuation) = AsyncStream.makeStream() }

    /// Starts `job` soon.
    func start(_ job: @escaping @Sendable () async -> Void) { continuation.yield(job) }

    /// Carries out jobs until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }
}
