import HTTPServer
import Identifiers
import MatrixHTTP

/// Leaves a room or rejects an invite: `POST /_matrix/client/v3/rooms/{roomId}/leave` (spec v1.19, "Leaving rooms").
struct LeaveRoom: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/leave", cost: .write)

    let memberships: MembershipWriter

    /// - Throws: `M_FORBIDDEN` when the caller is not in the room.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let reason = try BodyFields(try request.optionalJSONBody()).string("reason")
        try await memberships.set(.leave, of: request.caller, by: request.caller, in: room, reason: reason)
        return EmptyObject()
    }
}
