import Dispatch
import Glibc

/// SIGTERM and SIGINT: the first asks to drain, a second one ends the process at once.
public final class TerminationSignals: @unchecked Sendable {  // Guard: `sources` is written in init only.
    public let first: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    /// The process has one set of signals, and whoever handles them lives as long as it does.
    public static let shared = TerminationSignals()

    private init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        first = stream
        let counter = SignalCounter()
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if counter.isFirst() {
                    continuation.yield()
                    continuation.finish()
                } else {
                    exit(1)
                }
            }
            source.resume()
            return source
        }
        signal(SIGPIPE, SIG_IGN)
    }
}

private final class SignalCounter: @unchecked Sendable {  // Guard: called on one serial source queue at a time.
    private var count = 0
    func isFirst() -> Bool {
        count += 1
        return count == 1
    }
}
