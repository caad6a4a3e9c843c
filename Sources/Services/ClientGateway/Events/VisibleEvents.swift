import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// Finds single events for callers who may see them.
struct VisibleEvents: Sendable {
    let reader: RoomReader
    let events: EventStore

    /// The event that `roomId` and `eventId` in the path name.
    ///
    /// - Throws: `M_INVALID_PARAM` for a bad ID, else as ``demand(_:in:for:)``.
    func demand(_ request: UserRequest) async throws -> (view: RoomView, event: StoredEvent) {
        let room = try request.path("roomId", as: RoomID.self)
        let event = try request.path("eventId", as: EventID.self)
        return try await demand(event, in: room, for: request.caller)
    }

    /// - Throws: `M_NOT_FOUND` for an event `user` may not see, whatever the reason.
    func demand(
        _ id: EventID, in room: RoomID, for user: UserID
    ) async throws -> (view: RoomView, event: StoredEvent) {
        guard let view = try await reader.open(room, for: user),
            let event = try await events.event(id, of: room, rules: view.rules), view.isVisible(event)
        else { throw MatrixError.notFound("Event not found.") }
        return (view, event)
    }

    /// The event as the caller gets it.
    ///
    /// - Throws: as ``demand(_:in:for:)``.
    func answer(
        _ id: EventID, in room: RoomID, _ request: UserRequest, by served: ServedEvents
    ) async throws -> JSONBytes {
        let (view, event) = try await demand(id, in: room, for: request.caller)
        let viewer = Viewer(user: request.caller, device: request.device)
        guard let answer = try await served.serve([event], to: viewer, in: view, includesRoom: true).first else {
            preconditionFailure("one event in, one event out")
        }
        return JSONBytes(answer.bytes())
    }
}
