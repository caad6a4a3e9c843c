/// Work that goes on until it is told to stop; being stopped is no failure.
final class CancellableWork: Sendable {
    private let body: @Sendable () async throws -> Void
    private let stopSignal: AsyncStream<Void>
    private let stopContinuation: AsyncStream<Void>.Continuation

    init(_ body: @escaping @Sendable () async throws -> Void) {
        self.body = body
        (stopSignal, stopContinuation) = AsyncStream.makeStream()
    }

    enum Outcome: Sendable {
        case finished
        case stopped
    }

    @discardableResult
    func run() async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask { [body] in
                do { try await body() } catch is CancellationError { return .stopped }
                return .finished
            }
            group.addTask { [stopSignal] in
                for await _ in stopSignal {}
                return .stopped
            }
            let first = try await group.next()
            group.cancelAll()
            return first ?? .stopped
        }
    }

    func cancel() { stopContinuation.finish() }
}
