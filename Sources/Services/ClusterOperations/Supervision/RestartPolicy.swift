/// When a process that ended is started again: pure, with time passed in.
///
/// The first time at once, because most crashes happen once and users wait; then later and later, because a process that
/// cannot live only takes the machine from those that can.
package struct RestartPolicy: Sendable, Equatable {
    /// The wait before the second start in a row; it doubles.
    package static let pauseFirst = Duration.milliseconds(200)
    package static let pauseMax = Duration.seconds(5)
    /// A run that long was a good one: what follows counts anew.
    package static let goodRun = Duration.seconds(10)

    private var failuresInARow = 0

    package init() {}

    /// The wait before the next start of a process that ran for `duration`.
    package mutating func pause(afterRunOf duration: Duration) -> Duration {
        if duration >= Self.goodRun { failuresInARow = 0 }
        defer { failuresInARow += 1 }
        guard failuresInARow > 0 else { return .zero }
        let doublings = min(failuresInARow - 1, 10)
        return min(Self.pauseFirst * (1 << doublings), Self.pauseMax)
    }
}
