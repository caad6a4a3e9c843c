import HTTPServer
import MatrixHTTP

/// Removes a user from a room: `POST /_matrix/client/v3/rooms/{roomId}/kick` (spec v1.19, "Leaving rooms").
struct KickUser: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/kick", cost: .write)

    let memberships: MembershipWriter
    let access: RoomAccess

    /// - Throws: `M_FORBIDDEN` when either is not in the room or the caller's power does not suffice.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let asked = try AskedMembership(request)
        try await access.demandJoined(request.caller, in: asked.room)
        // The same event on a banned user would lift the ban.
        switch try await access.membership(of: asked.target, in: asked.room) {
        case .join, .invite, .knock: break
        case .leave, .ban, nil: throw MatrixError.forbidden("The user is not in this room.")
        }
        try await memberships.set(.leave, asked, by: request.caller)
        return EmptyObject()
    }
}
