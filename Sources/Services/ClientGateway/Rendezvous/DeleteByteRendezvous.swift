import HTTPServer
import MatrixHTTP
import NIOCore
import Storage

/// Ends a meeting place: `DELETE /_matrix/client/unstable/org.matrix.msc4108/rendezvous/{rendezvousId}` (MSC4108).
struct DeleteByteRendezvous: Endpoint {
    static let route = Route.client(
        .delete, "/_matrix/client/unstable/org.matrix.msc4108/rendezvous/{rendezvousId}", auth: .none)

    let meeting: MeetingPlaces

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        try await meeting.end(.bytes, request)
        return HTTPAnswer(status: 204, contentType: "text/plain", body: .bytes(ByteBuffer()))
    }
}
