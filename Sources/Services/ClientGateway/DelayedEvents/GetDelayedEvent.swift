import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// One of the caller's delayed events: `GET /_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}`
/// (MSC4140).
struct GetDelayedEvent: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}")

    let store: DelayedEventStore

    /// - Throws: `M_NOT_FOUND`, also for another user's.
    func respond(to request: UserRequest) async throws -> JSONObject {
        guard let delay = try await store.fetch(try DelayedEvents.identifier(in: request)),
            delay.event.user == request.caller
        else {
            throw MatrixError.notFound("There is no such delayed event.")
        }
        return delay.phase.isOver ? try delay.endJSON() : try delay.json()
    }
}
