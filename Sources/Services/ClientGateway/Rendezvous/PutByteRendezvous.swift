import HTTPServer
import MatrixHTTP
import Storage

/// Writes to a meeting place: `PUT /_matrix/client/unstable/org.matrix.msc4108/rendezvous/{rendezvousId}` (MSC4108).
struct PutByteRendezvous: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/unstable/org.matrix.msc4108/rendezvous/{rendezvousId}", auth: .none)

    let meeting: MeetingPlaces

    /// - Throws: `M_NOT_FOUND`, `M_TOO_LARGE`; `M_MISSING_PARAM`, `M_INVALID_PARAM` when it is not plain text or without
    ///   `If-Match`.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        guard let revision = ByteRendezvous.revision(request, "if-match") else {
            throw MatrixError.missingParam("'If-Match' is missing.")
        }
        try ByteRendezvous.checkType(request)
        switch try await meeting.write(request.rawBody, over: revision, .bytes, request) {
        case .written(let session): return ByteRendezvous.answer(202, session)
        case .overtaken(let session): return ByteRendezvous.overtaken(session)
        case .unknown: throw MatrixError.notFound("There is no such meeting place.")
        }
    }
}
