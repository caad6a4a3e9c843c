import CoreMetrics
import Synchronization

/// A metrics backend that is read as Prometheus text; install it once with ``install()``.
///
/// Handles are made once and kept by their users; making one with a known label and dimensions gives the same values.
public final class PrometheusMetrics: MetricsFactory, Sendable {
    public static let shared = PrometheusMetrics()

    /// Upper bounds of timers' buckets, in seconds.
    static let timerBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    struct Key: Hashable, Comparable {
        let label: String
        let dimensions: String
        static func < (left: Key, right: Key) -> Bool {
            (left.label, left.dimensions) < (right.label, right.dimensions)
        }
    }

    private struct State {
        var counters: [Key: MetricCell] = [:]
        var gauges: [Key: MetricCell] = [:]
        var timers: [Key: HistogramCell] = [:]
        var beforeReading: [@Sendable () -> Void] = []
        var isInstalled = false
    }

    private let state = Mutex(State())

    /// Makes this the process's metrics backend; later calls do nothing.
    public static func install() {
        let isFirst = shared.state.withLock { state in
            defer { state.isInstalled = true }
            return !state.isInstalled
        }
        if isFirst { MetricsSystem.bootstrap(shared) }
    }

    /// Calls `update` before every reading, for values that are looked up rather than counted.
    public func beforeReading(_ update: @escaping @Sendable () -> Void) {
        state.withLock { $0.beforeReading.append(update) }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        cell(isCounter: true, label, dimensions)
    }

    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)])
        -> any FloatingPointCounterHandler
    {
        cell(isCounter: true, label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(isCounter: false, label, dimensions)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        cell(isCounter: false, label, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let key = Self.key(label, dimensions)
        return state.withLock { state in
            let cell = state.timers[key] ?? HistogramCell(bounds: Self.timerBounds)
            state.timers[key] = cell
            return cell
        }
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Everything as Prometheus text, version 0.0.4.
    public func text() -> String {
        let updates = state.withLock { $0.beforeReading }
        for update in updates { update() }
        let (counters, gauges, timers) = state.withLock { ($0.counters, $0.gauges, $0.timers) }
        var text = ""
        append(counters.mapValues(\.value), type: "counter", to: &text)
        append(gauges.mapValues(\.value), type: "gauge", to: &text)
        var lastLabel = ""
        for (key, cell) in timers.sorted(by: { $0.key < $1.key }) {
            if key.label != lastLabel { text += "# TYPE \(key.label) histogram\n" }
            lastLabel = key.label
            text += cell.text(label: key.label, dimensions: key.dimensions)
        }
        return text
    }

    private func append(_ values: [Key: Double], type: String, to text: inout String) {
        var lastLabel = ""
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            if key.label != lastLabel { text += "# TYPE \(key.label) \(type)\n" }
            lastLabel = key.label
            let braces = key.dimensions.isEmpty ? "" : "{\(key.dimensions)}"
            text += "\(key.label)\(braces) \(Self.number(value))\n"
        }
    }

    private func cell(
        isCounter: Bool, _ label: String, _ dimensions: [(String, String)]
    ) -> MetricCell {
        let key = Self.key(label, dimensions)
        return state.withLock { state in
            let cell = (isCounter ? state.counters[key] : state.gauges[key]) ?? MetricCell()
            if isCounter { state.counters[key] = cell } else { state.gauges[key] = cell }
            return cell
        }
    }

    private static func key(_ label: String, _ dimensions: [(String, String)]) -> Key {
        let rendered = dimensions.sorted { $0.0 < $1.0 }.map { "\(sanitised($0.0))=\"\(escaped($0.1))\"" }
        return Key(label: sanitised(label), dimensions: rendered.joined(separator: ","))
    }

    private static func sanitised(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    static func number(_ value: Double) -> String {
        Int64(exactly: value).map { String($0) } ?? String(value)
    }
}
