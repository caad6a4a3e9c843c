import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// The caller's delayed events: `GET /_matrix/client/unstable/org.matrix.msc4140/delayed_events` (MSC4140).
struct ListDelayedEvents: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/org.matrix.msc4140/delayed_events")

    let store: DelayedEventStore

    func respond(to request: UserRequest) async throws -> JSONObject {
        let waiting: [JSONValue] = try await store.list(of: request.caller, areOver: false)
            .map { .object(try $0.json()) }
        let over: [JSONValue] = try await store.list(of: request.caller, areOver: true)
            .map { .object(try $0.endJSON()) }
        // The first name is that of earlier drafts.
        return ["delayed_events": .array(waiting), "scheduled": .array(waiting), "finalised": .array(over)]
    }
}
