import CanonicalJSON
import HTTPServer
import MatrixHTTP
import NIOCore
import Storage

/// Makes a meeting place: `POST /_matrix/client/unstable/org.matrix.msc4108/rendezvous` (MSC4108).
struct CreateByteRendezvous: Endpoint {
    static let path = "/_matrix/client/unstable/org.matrix.msc4108/rendezvous"
    static let route = Route.client(.post, "/_matrix/client/unstable/org.matrix.msc4108/rendezvous", auth: .none)

    let meeting: MeetingPlaces

    /// - Throws: `M_FORBIDDEN`, `M_LIMIT_EXCEEDED`, `M_TOO_LARGE`; `M_MISSING_PARAM`, `M_INVALID_PARAM` when it is not
    ///   plain text.
    func respond(to request: MaybeUserRequest) async throws -> HTTPAnswer {
        try ByteRendezvous.checkType(request)
        let (id, session) = try await meeting.make(request.rawBody, .bytes, request)
        let body: JSONObject = ["url": .string("\(meeting.baseURL)\(Self.path)/\(id)")]
        return HTTPAnswer(
            status: 201, headers: ByteRendezvous.headers(session), body: .bytes(ByteBuffer(bytes: body.bytes())))
    }
}
