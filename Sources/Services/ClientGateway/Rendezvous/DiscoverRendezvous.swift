import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Whether the caller may make meeting places: `GET /_matrix/client/unstable/io.element.msc4388/rendezvous` (MSC4388).
struct DiscoverRendezvous: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/io.element.msc4388/rendezvous", auth: .none)

    let meeting: MeetingPlaces

    func respond(to request: MaybeUserRequest) async throws -> JSONObject {
        ["create_available": .bool(meeting.isOpen(to: request))]
    }
}
