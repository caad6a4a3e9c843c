import CoreMetrics
import Synchronization

/// One counter's or gauge's value.
final class MetricCell: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, Sendable {
    private let stored = Mutex(0.0)

    var value: Double { stored.withLock { $0 } }

    func increment(by amount: Int64) { stored.withLock { $0 += Double(amount) } }
    func increment(by amount: Double) { stored.withLock { $0 += amount } }
    func decrement(by amount: Double) { stored.withLock { $0 -= amount } }
    func reset() { stored.withLock { $0 = 0 } }
    func set(_ value: Int64) { stored.withLock { $0 = Double(value) } }
    func set(_ value: Double) { stored.withLock { $0 = value } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
}

/// One timer's values, counted into fixed buckets.
final class HistogramCell: TimerHandler, Sendable {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) {
        let seconds = Double(duration) / 1e9
        let index = bounds.firstIndex { seconds <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += seconds
        }
    }

    func text(label: String, dimensions: String) -> String {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        let prefix = dimensions.isEmpty ? "" : dimensions + ","
        let braces = dimensions.isEmpty ? "" : "{\(dimensions)}"
        var text = ""
        var total: UInt64 = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? PrometheusMetrics.number(bounds[index]) : "+Inf"
            text += "\(label)_bucket{\(prefix)le=\"\(bound)\"} \(total)\n"
        }
        return text + "\(label)_sum\(braces) \(sum)\n\(label)_count\(braces) \(total)\n"
    }
}
