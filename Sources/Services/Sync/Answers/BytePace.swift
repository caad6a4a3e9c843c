import Synchronization

// A herd of first syncs of a large room is answered from one build of its state, and then is limited by nothing but
// memory bandwidth: it fills the processors of the worker, of the router and the wires between, and everybody else's
// messages wait for milliseconds at each step. First syncs take seconds for their clients anyway, so a worker sends them
// at a pace that leaves room.

/// Spreads large answers over time.
package final class BytePace: Sendable {
    /// What is sent at once after a pause, beyond the first answer, however large: one client waits for nothing.
    package static let burstBytes = 1 << 20
    /// The pace when the configuration names none.
    package static let bytesPerSecond = 16 << 20

    private let bytesPerSecond: Int
    /// When all that was let through so far is sent.
    private let sentAt = Mutex<ContinuousClock.Instant?>(nil)

    package init(bytesPerSecond: Int = BytePace.bytesPerSecond) {
        precondition(bytesPerSecond > 0, "a pace of nothing would send nothing")
        self.bytesPerSecond = bytesPerSecond
    }

    /// Waits for the turn of an answer of `bytes`.
    func wait(for bytes: Int) async throws {
        let pause = delay(of: bytes, at: .now)
        if pause > .zero { try await Task.sleep(for: pause) }
    }

    /// How long an answer that is ready at `now` waits; its bytes count from here on.
    package func delay(of bytes: Int, at now: ContinuousClock.Instant) -> Duration {
        sentAt.withLock { sentAt in
            let earliest = now - duration(of: Self.burstBytes)
            let begins = max(sentAt ?? earliest, earliest)
            sentAt = begins + duration(of: bytes)
            return max(.zero, now.duration(to: begins))
        }
    }

    private func duration(of bytes: Int) -> Duration { .seconds(Double(bytes) / Double(bytesPerSecond)) }
}
