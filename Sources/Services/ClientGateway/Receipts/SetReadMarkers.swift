import HTTPServer
import Identifiers
import MatrixHTTP

/// Sets the fully-read marker and receipts: `POST /_matrix/client/v3/rooms/{roomId}/read_markers` (spec v1.19).
struct SetReadMarkers: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/read_markers", cost: .write)

    let setter: ReceiptSetter

    /// - Throws: `M_FORBIDDEN` unless the caller is in the room, `M_NOT_FOUND` for an event that is not in it.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let body = BodyFields(try request.jsonBody())
        let marks = try ReceiptSetter.Kind.allCases.map { kind in
            (kind: kind, event: try body.identifier(kind.rawValue, as: EventID.self))
        }
        try await setter.access.demandJoined(request.caller, in: room)
        for mark in marks {
            guard let event = mark.event else { continue }
            try await setter.set(mark.kind, to: event, thread: nil, in: room, of: request.caller)
        }
        return EmptyObject()
    }
}
