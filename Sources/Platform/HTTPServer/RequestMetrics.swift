import Metrics

/// Requests by class and outcome, and how long they took.
struct RequestMetrics: Sendable {
    private let timers: [CostClass: Metrics.Timer]
    private let unmatched = Counter(label: "apus_http_requests_unmatched_total")
    private let counters: [CostClass: [Int: Counter]]

    init() {
        timers = Dictionary(
            uniqueKeysWithValues: CostClass.allCases.map {
                ($0, Metrics.Timer(label: "apus_http_request_seconds", dimensions: [("class", $0.rawValue)]))
            })
        counters = Dictionary(
            uniqueKeysWithValues: CostClass.allCases.map { cost in
                let byStatus = (1...5).map { family in
                    (
                        family,
                        Counter(
                            label: "apus_http_requests_total",
                            dimensions: [("class", cost.rawValue), ("status", "\(family)xx")])
                    )
                }
                return (cost, Dictionary(uniqueKeysWithValues: byStatus))
            })
    }

    func finished(cost: CostClass?, status: Int, took: Duration) {
        guard let cost else { return unmatched.increment() }
        counters[cost]?[status / 100]?.increment()
        timers[cost]?.record(duration: took)
    }
}
