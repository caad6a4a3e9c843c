import Metrics
import Synchronization
import WorkerContracts
import WorkerRuntime

/// Ephemeral state that goes out by the feed.
protocol FeedBoard: Sendable {
    /// Offers a listener all there is, under the lock that changes are published under.
    func tell(_ listener: FeedListener)
}

/// Everybody who listens to this writer's feed.
package final class FeedHub: Sendable {
    private struct State {
        var listeners: [UInt64: FeedListener] = [:]
        var nextNumber: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let listenersGauge = Gauge(label: "apus_feed_listeners")

    package init() {}

    /// Tells all listeners.
    package func publish(_ message: FeedMessage) {
        for listener in state.withLock({ $0.listeners.values }) { listener.offer(message) }
    }

    /// Begins a feed with the state there is; give it back with ``remove(_:)``.
    ///
    /// The listener is there before it is told the state, so that no change falls in between.
    func open(_ boards: [any FeedBoard]) -> (listener: FeedListener, number: UInt64) {
        let listener = FeedListener()
        let number = add(listener)
        for board in boards { board.tell(listener) }
        return (listener, number)
    }

    /// Adds a listener that knows nothing.
    package func add(_ listener: FeedListener) -> UInt64 {
        let (number, count, isClosed) = state.withLock { state in
            state.nextNumber += 1
            state.listeners[state.nextNumber] = listener
            return (state.nextNumber, state.listeners.count, state.isClosed)
        }
        listenersGauge.record(count)
        if isClosed { listener.close() }
        return number
    }

    package func remove(_ number: UInt64) {
        let count = state.withLock { state in
            state.listeners[number] = nil
            return state.listeners.count
        }
        listenersGauge.record(count)
    }

    /// Ends all feeds; listeners go on to poll, and to the feeds of other writers.
    package func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.close() }
    }

    /// Lets quiet feeds say that they are alive, until cancelled.
    func run() async {
        await repeatUntilCancelled(every: FeedMessage.heartbeatInterval) {
            publish(.heartbeat)
        }
    }
}
