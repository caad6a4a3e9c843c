import HTTPServer
import MatrixHTTP

/// Has the caller hear of a thread no longer:
/// `DELETE /_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{threadRootId}/subscription` (MSC4306).
struct DeleteThreadSubscription: Endpoint {
    static let route = Route.client(
        .delete, "/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{threadRootId}/subscription",
        cost: .write)

    let subscriptions: ThreadSubscriptions

    /// - Throws: `M_NOT_FOUND` for a thread the caller may not see.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let (view, root) = try await subscriptions.demand(request)
        try await subscriptions.set(.unsubscribed, of: root, in: view, at: view.position)
        return EmptyObject()
    }
}
