import CanonicalJSON
import Identifiers

// A sticky event is told to everybody in its room however far back it is, until its time is over: who comes into a call
// learns from it who is there. It is an event like any other besides (MSC4354).

/// What makes an event a sticky one.
public enum Stickiness {
    /// The member of an event that says how long it sticks.
    public static let member = "msc4354_sticky"
    /// The longest an event sticks.
    public static let durationMax = Duration.milliseconds(3_600_000)

    /// What ``member`` holds.
    public static func content(_ duration: Duration) -> JSONValue { ["duration_ms": .int(duration.milliseconds)] }
}

extension Event {
    /// How long the event sticks from its beginning; `nil` for one that does not.
    public var stickyDuration: Duration? {
        guard let duration = json[Stickiness.member]?["duration_ms"]?.intValue, duration >= 0,
            .milliseconds(duration) <= Stickiness.durationMax
        else { return nil }
        return .milliseconds(duration)
    }

    /// When an event that came in at `arrival` ceases to stick: what it says of a time to come, it does not get.
    public func stickyEnd(arrival: Timestamp) -> Timestamp? {
        stickyDuration.map { min(arrival, originServerTS).advanced(by: $0) }
    }

    /// How much of its time is left at `now`, in milliseconds; `nil` for an event that does not stick.
    public func stickyMillisecondsLeft(at now: Timestamp) -> Int64? {
        guard let duration = stickyDuration?.milliseconds else { return nil }
        return max(0, min(duration, originServerTS.milliseconds + duration - now.milliseconds))
    }
}
