import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Makes a meeting place: `POST /_matrix/client/unstable/io.element.msc4388/rendezvous` (MSC4388).
struct CreateRendezvous: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/unstable/io.element.msc4388/rendezvous", auth: .none)

    let meeting: MeetingPlaces

    /// - Throws: `M_FORBIDDEN`, `M_LIMIT_EXCEEDED`, `M_TOO_LARGE`, `M_MISSING_PARAM`.
    func respond(to request: MaybeUserRequest) async throws -> JSONObject {
        let data = try BodyFields(try request.jsonBody()).requiredString("data")
        let (id, session) = try await meeting.make(Array(data.utf8), .text, request)
        return [
            "id": .string(id), "sequence_token": .string(session.revision),
            "expires_in_ms": .int(meeting.millisecondsLeft(of: session)),
        ]
    }
}
