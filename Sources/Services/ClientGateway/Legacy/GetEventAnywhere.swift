import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// One event, whatever room it is of: `GET /_matrix/client/v3/events/{eventId}` (spec v1.19, deprecated).
struct GetEventAnywhere: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/events/{eventId}")

    let facts: RoomFacts
    let visible: VisibleEvents
    let served: ServedEvents

    /// - Throws: `M_NOT_FOUND` for an event the caller may not see, whatever the reason; `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let id = try request.path("eventId", as: EventID.self)
        guard let room = try await facts.room(of: id) else { throw MatrixError.notFound("Event not found.") }
        return try await visible.answer(id, in: room, request, by: served)
    }
}
