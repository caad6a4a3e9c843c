import Synchronization

// A closed loop of clients slows down with the server and so hides its pauses. Here requests start at fixed moments
// whatever became of those before, and latency counts from the moment a request was meant to start.

/// Starts work at a fixed rate.
public struct OpenLoop: Sendable {
    /// Requests under way at once; when a server stands still for longer, arrivals are dropped and counted.
    public static let inFlightMax = 4_000

    public let interval: Duration

    /// - Parameter perSecond: arrivals in a second.
    public init(perSecond: Double) { interval = .seconds(1) / perSecond }

    /// Calls `body` with the number of each arrival and the moment it was meant for, until `duration` is over, the task
    /// is cancelled, or `stop` is raised; returns when all calls have, with the number of arrivals dropped.
    public func run(
        for duration: Duration, until stop: StopSign = StopSign(),
        _ body: @escaping @Sendable (Int, ContinuousClock.Instant) async -> Void
    ) async -> Int {
        let startedAt = ContinuousClock.now
        let inFlight = InFlight()
        return await withDiscardingTaskGroup(returning: Int.self) { group in
            var dropped = 0
            var number = 0
            while !Task.isCancelled, !stop.isUp {
                let intended = startedAt + interval * number
                guard startedAt.duration(to: intended) < duration else { break }
                // Cancelled while waiting: the condition ends the loop.
                try? await Task.sleep(until: intended, tolerance: .zero)
                if inFlight.count.load(ordering: .relaxed) >= Self.inFlightMax {
                    dropped += 1
                } else {
                    inFlight.count.wrappingAdd(1, ordering: .relaxed)
                    let arrival = number
                    group.addTask {
                        await body(arrival, intended)
                        inFlight.count.wrappingSubtract(1, ordering: .relaxed)
                    }
                }
                number += 1
            }
            return dropped
        }
    }
}

private final class InFlight: Sendable {
    let count = Atomic<Int>(0)
}
