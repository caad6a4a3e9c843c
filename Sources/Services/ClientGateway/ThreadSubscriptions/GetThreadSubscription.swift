import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Whether the caller hears of a thread:
/// `GET /_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{threadRootId}/subscription` (MSC4306).
struct GetThreadSubscription: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{threadRootId}/subscription")

    let subscriptions: ThreadSubscriptions

    /// - Throws: `M_NOT_FOUND` for a thread the caller may not see or does not hear of.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let (view, root) = try await subscriptions.demand(request)
        let found = try await subscriptions.store.fetch(root.event.id, in: view.room, of: view.user)
        guard let found, found.state != .unsubscribed else {
            throw MatrixError.notFound("The caller is not subscribed to this thread.")
        }
        return ["automatic": .bool(found.state == .automatic)]
    }
}
