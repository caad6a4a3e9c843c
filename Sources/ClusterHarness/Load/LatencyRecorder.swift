import Histogram
import Synchronization

/// Gathers durations and tells their percentiles.
public final class LatencyRecorder: Sendable {
    /// The longest duration told apart, in microseconds: ten minutes.
    static let microsecondsMax: UInt64 = 600_000_000

    private let histogram = Mutex(Histogram<UInt32>(highestTrackableValue: microsecondsMax))

    public init() {}

    public func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let microseconds = UInt64(Swift.max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
        histogram.withLock { _ = $0.record(min(microseconds, Self.microsecondsMax)) }
    }

    public func add(_ other: LatencyRecorder) {
        let copy = other.histogram.withLock { $0 }
        histogram.withLock { $0.add(copy) }
    }

    public var count: Int { Int(histogram.withLock { $0.totalCount }) }

    /// - Parameter percentile: 0 to 100.
    public func percentile(_ percentile: Double) -> Duration {
        .microseconds(histogram.withLock { $0.totalCount == 0 ? 0 : $0.valueAtPercentile(percentile) })
    }

    public var max: Duration { percentile(100) }
    public var median: Duration { percentile(50) }
    public var p99: Duration { percentile(99) }

    /// `p50=…ms p99=…ms max=…ms`.
    public var figures: String { "p50=\(median.inMilliseconds) p99=\(p99.inMilliseconds) max=\(max.inMilliseconds)" }
}

extension Duration {
    /// Milliseconds with one digit after the point, and their unit.
    public var inMilliseconds: String {
        let tenths = Int64((self / .microseconds(100)).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))ms"
    }
}
