import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// One event: `GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}` (spec v1.19, "Getting events for a room").
struct GetEvent: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/event/{eventId}")

    let visible: VisibleEvents
    let served: ServedEvents

    /// - Throws: `M_NOT_FOUND` for an event the caller may not see, whatever the reason.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let (view, event) = try await visible.demand(request)
        let viewer = Viewer(user: request.caller, device: request.device)
        guard let answer = try await served.serve([event], to: viewer, in: view, includesRoom: true).first else {
            preconditionFailure("one event in, one event out")
        }
        return JSONBytes(answer.bytes())
    }
}
