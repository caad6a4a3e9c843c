import Synchronization

/// Gathers a whole response for one waiting task.
final class ResponseCollector: TransferSink {
    private struct State {
        var head = HTTPResponseHead(status: 0)
        var body: [UInt8] = []
        var continuation: CheckedContinuation<Result<HTTPResponse, HTTPClientError>, Never>?
    }

    private let bytesMax: Int
    private let state: Mutex<State>

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        state = Mutex(State())
    }

    /// Sets who waits; before the transfer begins.
    func resume(_ continuation: CheckedContinuation<Result<HTTPResponse, HTTPClientError>, Never>) {
        state.withLock { $0.continuation = continuation }
    }

    func head(_ head: HTTPResponseHead) { state.withLock { $0.head = head } }

    func body(_ bytes: UnsafeRawBufferPointer) -> TransferVerdict {
        state.withLock { state in
            guard state.body.count + bytes.count <= bytesMax else { return .tooLarge }
            state.body.append(contentsOf: bytes)
            return .taken
        }
    }

    func finish(_ error: HTTPClientError?) {
        let (continuation, response) = state.withLock { state in
            defer { state.continuation = nil }
            return (state.continuation, HTTPResponse(head: state.head, body: state.body))
        }
        continuation?.resume(returning: error.map { .failure($0) } ?? .success(response))
    }
}
