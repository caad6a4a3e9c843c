import HTTPServer
import NIOCore
import Telemetry

/// `/live`, `/ready` and `/metrics`, on a port and an event loop of their own, so that they answer whatever else is stuck.
struct OperationsEndpoints: Sendable {
    let phase: PhaseHolder

    var routes: [(Route, HTTPListener.Handler)] {
        [
            (route("/live"), { _ in text(200, "live\n") }),
            (
                route("/ready"),
                { [phase] _ in
                    // 404 makes the router drain this worker: what is under way goes on, nothing new comes.
                    phase.current == .ready ? text(200, "ready\n") : text(404, "\(phase.current)\n")
                }
            ),
            (
                route("/metrics"),
                { _ in
                    HTTPAnswer(
                        contentType: "text/plain; version=0.0.4",
                        body: .bytes(ByteBuffer(string: PrometheusMetrics.shared.text())))
                }
            ),
        ]
    }

    private func route(_ path: String) -> Route {
        Route(.get, path, worker: "any", cost: .internal, authentication: .none)
    }
}

private func text(_ status: Int, _ content: String) -> HTTPAnswer {
    HTTPAnswer(status: status, contentType: "text/plain", body: .bytes(ByteBuffer(string: content)))
}
