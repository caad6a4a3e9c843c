import HTTPServer
import MatrixHTTP

/// Sends, cancels or restarts a delayed event:
/// `POST /_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}` (MSC4140).
///
/// Whoever has the ID may: a call's server does, when its user is gone.
struct UpdateDelayedEvent: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}", auth: .none)

    let delays: DelayedEvents

    /// - Throws: `M_NOT_FOUND` when no event of this ID waits, `M_MISSING_PARAM`, `M_INVALID_PARAM`, `M_BAD_JSON`.
    func respond(to request: PublicRequest) async throws -> EmptyObject {
        let id = try DelayedEvents.identifier(in: request)
        let action = try DelayedEvents.action(try BodyFields(try request.jsonBody()).string("action"))
        try await delays.act(action, on: id)
        return EmptyObject()
    }
}

/// The same with the action in the path:
/// `POST /_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}/{action}` (MSC4140).
struct ActOnDelayedEvent: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}/{action}", auth: .none)

    let delays: DelayedEvents

    /// - Throws: `M_NOT_FOUND` when no event of this ID waits, `M_INVALID_PARAM`.
    func respond(to request: PublicRequest) async throws -> EmptyObject {
        let id = try DelayedEvents.identifier(in: request)
        try await delays.act(try DelayedEvents.action(try request.path("action")), on: id)
        return EmptyObject()
    }
}
