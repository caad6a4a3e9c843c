import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// Reports a room: `POST /_matrix/client/v3/rooms/{roomId}/report` (spec v1.19, "Reporting Content").
struct ReportRoom: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/report")

    let rooms: RoomPlacements
    let reporter: Reporter

    /// - Throws: `M_NOT_FOUND` for a room this server does not have, `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let reason = try Reporter.reason(BodyFields(try request.jsonBody()), isRequired: true)
        guard try await rooms.find(room) != nil else { throw MatrixError.notFound("Room not found.") }
        try await reporter.store(Report(reporter: request.caller, room: room, reason: reason))
        return EmptyObject()
    }
}
