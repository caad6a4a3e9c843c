/// Work that goes on until it is told to stop; being stopped is no failure.
final class CancellableWork: Sendable {
    private let body: @Sendable () async throws -> Void
    private let stopSignal: AsyncStream<Void>
    private let stopContinuation: AsyncStream<Void>.Continuation

    init(_ body: @escaping @Sendable () async throws -> Void) {
        self.body = body
        (stopSignal, stopContinuation) = AsyncStream.makeStream()
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [body] in
                do { try await body() } catch is CancellationError { return }
            }
            group.addTask { [stopSignal] in
                for await _ in stopSignal {}
            }
            try await group.next()
            group.cancelAll()
        }
    }

    func cancel() { stopContinuation.finish() }
}
