/// Growing waits with jitter, so that many who failed together do not come back together.
struct RetryPauses {
    private var ceiling: Duration
    private let max: Duration

    init(first: Duration, max: Duration) {
        ceiling = first
        self.max = max
    }

    /// Between half of the ceiling and all of it; the ceiling doubles up to `max`.
    mutating func next() -> Duration {
        defer { ceiling = Swift.min(ceiling * 2, max) }
        return ceiling * Double.random(in: 0.5...1)
    }
}
