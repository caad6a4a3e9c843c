import HTTPServer
import Identifiers
import MatrixHTTP

/// Has the caller hear of a thread:
/// `PUT /_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{threadRootId}/subscription` (MSC4306).
struct PutThreadSubscription: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{threadRootId}/subscription",
        cost: .write)

    let subscriptions: ThreadSubscriptions

    /// `automatic` names the event in the thread for which a client subscribes without being asked to.
    ///
    /// - Throws: `M_NOT_FOUND` for a thread the caller may not see; as ``ThreadSubscriptions/subscribe(for:to:in:)``.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let cause = try BodyFields(try request.optionalJSONBody()).identifier("automatic", as: EventID.self)
        let (view, root) = try await subscriptions.demand(request)
        if let cause {
            try await subscriptions.subscribe(for: cause, to: root, in: view)
        } else {
            try await subscriptions.set(.manual, of: root, in: view, at: view.position)
        }
        return EmptyObject()
    }
}
