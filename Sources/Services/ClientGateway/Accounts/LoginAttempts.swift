import Identifiers
import Synchronization

// Idea: guessing a password is slowed per account name, on each worker for itself: the router sends a name's logins to
// any of a few workers, so the real limit is a small multiple of this one. Time is passed in.

/// Counts failed logins by the name that was tried.
package final class LoginAttempts: Sendable {
    /// Failures in one ``window`` after which a name must wait.
    package static let failuresMax = 10
    package static let window = Duration.seconds(60)
    /// The most names remembered; beyond, the memory starts anew.
    package static let namesMax = 10_000

    private struct Failures {
        var since: Timestamp
        var count: Int
    }

    package init() {}

    private let failures = Mutex<[ByteOrderedText: Failures]>([:])

    /// How long `name` has to wait before its next attempt; `nil` when it may try.
    package func wait(for name: String, at now: Timestamp) -> Duration? {
        failures.withLock { all in
            guard let known = all[ByteOrderedText(name)] else { return nil }
            let end = known.since.advanced(by: Self.window)
            guard now < end, known.count >= Self.failuresMax else { return nil }
            return .milliseconds(end.milliseconds - now.milliseconds)
        }
    }

    /// Notes that `name` gave a wrong password.
    package func failed(_ name: String, at now: Timestamp) {
        failures.withLock { all in
            if all.count >= Self.namesMax { all.removeAll() }
            let known = all[ByteOrderedText(name)]
            if let known, now < known.since.advanced(by: Self.window) {
                all[ByteOrderedText(name)] = Failures(since: known.since, count: known.count + 1)
            } else {
                all[ByteOrderedText(name)] = Failures(since: now, count: 1)
            }
        }
    }
}
