import Collections
import Synchronization

/// Bytes between libcurl's thread and a streaming response's consumer; it pauses the transfer when it is full.
final class BodyBuffer: TransferSink {
    /// How much is held before the transfer is paused, in bytes.
    static let bytesMax = 256 << 10

    private struct State {
        var head: HTTPResponseHead?
        var chunks: Deque<[UInt8]> = []
        var byteCount = 0
        var isPaused = false
        var end: HTTPClientError??
        var waiter: CheckedContinuation<Void, Never>?
        var resume: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    func onResume(_ resume: @escaping @Sendable () -> Void) { state.withLock { $0.resume = resume } }

    func head(_ head: HTTPResponseHead) {
        wake { $0.head = head }
    }

    func body(_ bytes: UnsafeRawBufferPointer) -> TransferVerdict {
        let isTaken = state.withLock { state -> Bool in
            guard state.byteCount < Self.bytesMax else {
                state.isPaused = true
                return false
            }
            state.chunks.append(Array(bytes))
            state.byteCount += bytes.count
            return true
        }
        guard isTaken else { return .pause }
        wake { _ in }
        return .taken
    }

    func finish(_ error: HTTPClientError?) {
        wake { state in
            state.end = .some(error)
            state.resume = nil
        }
    }

    /// What the consumer gets now; `nil` when it must wait.
    func take() -> Result<[UInt8]?, HTTPClientError>? {
        let (step, resume) = state.withLock { state -> (Result<[UInt8]?, HTTPClientError>?, (@Sendable () -> Void)?) in
            guard let chunk = state.chunks.popFirst() else {
                guard let end = state.end else { return (nil, nil) }
                return (end.map { .failure($0) } ?? .success(nil), nil)
            }
            state.byteCount -= chunk.count
            guard state.isPaused, state.byteCount <= Self.bytesMax / 2 else { return (.success(chunk), nil) }
            state.isPaused = false
            return (.success(chunk), state.resume)
        }
        resume?()
        return step
    }

    /// Returns when there are bytes or the end.
    func waitForChange() async {
        await wait { !$0.chunks.isEmpty || $0.end != nil }
    }

    /// Returns when there are headers or the end.
    func waitForHead() async {
        await wait { $0.head != nil || $0.end != nil }
    }

    func headResult() -> Result<HTTPResponseHead, HTTPClientError> {
        state.withLock { state in
            if let head = state.head { return .success(head) }
            return .failure(state.end.flatMap { $0 } ?? .transferFailed("no response"))
        }
    }

    private func wait(until isReady: @escaping @Sendable (borrowing State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let resumeNow = state.withLock { state -> Bool in
                if isReady(state) { return true }
                precondition(state.waiter == nil, "a streaming response has one consumer")
                state.waiter = continuation
                return false
            }
            if resumeNow { continuation.resume() }
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
