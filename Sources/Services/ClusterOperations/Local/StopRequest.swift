import Synchronization

/// The wish to end, from a signal or a command: set once, looked at and waited for by many.
package final class StopRequest: Sendable {
    /// Thrown by what was under way.
    package struct Stopped: Error {}

    private struct State {
        var isSet = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// How often a pause looks.
    private static let tick = Duration.milliseconds(50)
    private let state = Mutex(State())

    package init() {}

    package var isSet: Bool { state.withLock { $0.isSet } }

    package func set() {
        let waiting = state.withLock { state in
            state.isSet = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    package func wait() async {
        await withCheckedContinuation { continuation in
            let isSet = state.withLock { state in
                if !state.isSet { state.waiting.append(continuation) }
                return state.isSet
            }
            if isSet { continuation.resume() }
        }
    }

    /// Sleeps for `duration`, or throws ``Stopped`` as soon as the end is wished for.
    package func pause(_ duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {
            if isSet { throw Stopped() }
            try await Task.sleep(for: min(Self.tick, ContinuousClock.now.duration(to: end)))
        }
        if isSet { throw Stopped() }
    }
}
