import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading

/// The event closest to a time: `GET /_matrix/client/v1/rooms/{roomId}/timestamp_to_event` (spec v1.19).
struct GetEventByTime: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/rooms/{roomId}/timestamp_to_event", cost: .read)

    let reader: RoomReader
    let finder: EventTimes

    /// - Throws: `M_FORBIDDEN` for a room the caller may not read, `M_NOT_FOUND` when there is no event in the direction,
    ///   `M_MISSING_PARAM`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        guard let time = try request.queryInteger("ts") else { throw MatrixError.missingParam("'ts' is missing.") }
        let direction = try HistoryQuery.direction(request)
        let view = try await reader.demand(room, for: request.caller)
        guard let event = try await finder.closest(to: Timestamp(milliseconds: time), direction, in: view) else {
            throw MatrixError.notFound("There is no event in this direction.")
        }
        return [
            "event_id": .string(event.id.rawValue), "origin_server_ts": .int(event.originServerTS.milliseconds),
        ]
    }
}
