import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Reports an event: `POST /_matrix/client/v3/rooms/{roomId}/report/{eventId}` (spec v1.19, "Reporting Content").
struct ReportEvent: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/report/{eventId}")

    let visible: VisibleEvents
    let reporter: Reporter

    /// - Throws: `M_NOT_FOUND` for an event the caller may not see, or in a room they are not in, `M_BAD_JSON`,
    ///   `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let event = try request.path("eventId", as: EventID.self)
        let body = BodyFields(try request.jsonBody())
        let reason = try Reporter.reason(body, isRequired: false)
        // Clients of old specifications say how bad it is, from -100 to 0.
        let score = try body.int("score").map { Int32(clamping: $0) }
        let (view, found) = try await visible.demand(event, in: room, for: request.caller)
        guard view.isJoined else { throw MatrixError.notFound("Event not found.") }
        try await reporter.store(
            Report(
                reporter: request.caller, room: room, event: event, user: found.event.sender, reason: reason,
                score: score))
        return EmptyObject()
    }
}
