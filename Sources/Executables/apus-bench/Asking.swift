import CanonicalJSON
import ClusterHarness
import OutboundHTTP

extension Cluster {
    /// Asks until it is let in: first syncs are refused for a moment when there are many.
    func ask(
        _ session: ChatSession, _ method: String, _ path: String, _ body: JSONObject? = nil
    ) async throws -> HTTPResponse {
        for _ in 0..<120 {
            let answer = try await router.answer(
                method, path, body: body?.bytes(), token: session.token, within: .seconds(120))
            if answer.status == 200 { return answer }
            guard answer.status == 429 || answer.status == 503 else {
                throw ChatFailure.refused(status: answer.status, errcode: nil)
            }
            let pause = answer.head.header("retry-after").flatMap { Int($0) } ?? 1
            try await Task.sleep(for: .seconds(pause))
        }
        throw ChatFailure.refused(status: 429, errcode: nil)
    }
}

/// The result of `body`, and how long it took.
func timed<Result>(_ body: () async throws -> Result) async rethrows -> (result: Result, took: Duration) {
    let startedAt = ContinuousClock.now
    let result = try await body()
    return (result, startedAt.duration(to: .now))
}
