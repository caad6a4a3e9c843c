import Metrics

/// What a sync worker counts beside what every worker does.
struct SyncMetrics: Sendable {
    let initialSeconds = Metrics.Timer(label: "apus_sync_compose_seconds", dimensions: [("kind", "initial")])
    let incrementalSeconds = Metrics.Timer(label: "apus_sync_compose_seconds", dimensions: [("kind", "incremental")])
    let answerBytes = Counter(label: "apus_sync_answer_bytes_total")

    func composed(_ request: SyncRequest, took: Duration) {
        let timer = request.isInitial ? initialSeconds : incrementalSeconds
        timer.record(duration: took)
    }
}
