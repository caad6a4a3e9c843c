/// How often something is told: a few times at once, and then at a pace.
struct PublicationBudget: Sendable {
    /// Publications at once after a quiet time.
    static let burst = 5
    /// How long it takes until one more is allowed.
    static let interval = Duration.seconds(5)

    /// When all that was spent is earned again.
    private var earnedAt: ContinuousClock.Instant?

    /// Spends one publication; without one left, says when there will be.
    mutating func spend(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let earned = max(earnedAt ?? now, now)
        let due = earned - Self.interval * (Self.burst - 1)
        guard due <= now else { return due }
        earnedAt = earned + Self.interval
        return nil
    }
}
