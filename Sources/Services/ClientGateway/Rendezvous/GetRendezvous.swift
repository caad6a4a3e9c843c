import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Reads a meeting place: `GET /_matrix/client/unstable/io.element.msc4388/rendezvous/{rendezvousId}` (MSC4388).
struct GetRendezvous: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/unstable/io.element.msc4388/rendezvous/{rendezvousId}", auth: .none)

    let meeting: MeetingPlaces

    /// - Throws: `M_NOT_FOUND`; `M_FORBIDDEN` for a browser that would show it.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let session = try await meeting.read(.text, request)
        return [
            "data": .string(String(decoding: session.payload, as: UTF8.self)),
            "sequence_token": .string(session.revision),
            "expires_in_ms": .int(meeting.millisecondsLeft(of: session)),
        ]
    }
}
