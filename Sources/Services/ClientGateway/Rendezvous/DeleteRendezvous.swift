import HTTPServer
import MatrixHTTP
import Storage

/// Ends a meeting place: `DELETE /_matrix/client/unstable/io.element.msc4388/rendezvous/{rendezvousId}` (MSC4388).
struct DeleteRendezvous: Endpoint {
    static let route = Route.client(
        .delete, "/_matrix/client/unstable/io.element.msc4388/rendezvous/{rendezvousId}", auth: .none)

    let meeting: MeetingPlaces

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: PublicRequest) async throws -> EmptyObject {
        try await meeting.end(.text, request)
        return EmptyObject()
    }
}
