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
        let room = try request.path("roomId", as: RoomID.self)
        return try await visible.answer(try request.path("eventId", as: EventID.self), in: room, request, by: served)
    }
}
