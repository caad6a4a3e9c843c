import HTTPServer
import MatrixHTTP
import Storage

/// Reads a meeting place: `GET /_matrix/client/unstable/org.matrix.msc4108/rendezvous/{rendezvousId}` (MSC4108).
struct GetByteRendezvous: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/unstable/org.matrix.msc4108/rendezvous/{rendezvousId}", auth: .none)

    let meeting: MeetingPlaces

    /// With `If-None-Match`, only what has changed.
    ///
    /// - Throws: `M_NOT_FOUND`; `M_FORBIDDEN` for a browser that would show it.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        let session = try await meeting.read(.bytes, request)
        if ByteRendezvous.revision(request, "if-none-match").map({ $0.utf8.elementsEqual(session.revision.utf8) })
            ?? false
        {
            return ByteRendezvous.answer(304, session)
        }
        return ByteRendezvous.answer(200, session, session.payload)
    }
}
