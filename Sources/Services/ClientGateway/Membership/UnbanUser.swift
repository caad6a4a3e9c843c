import HTTPServer
import MatrixHTTP

/// Lifts a ban: `POST /_matrix/client/v3/rooms/{roomId}/unban` (spec v1.19, "Banning users in a room").
struct UnbanUser: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/unban", cost: .write)

    let memberships: MembershipWriter
    let access: RoomAccess

    /// - Throws: `M_FORBIDDEN` when the caller's power does not suffice, `M_BAD_STATE` when the user is not banned.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let asked = try AskedMembership(request)
        try await access.demandJoined(request.caller, in: asked.room)
        // The same event on a user in the room would remove them.
        guard try await access.membership(of: asked.target, in: asked.room) == .ban else {
            throw MatrixError(status: 403, errcode: "M_BAD_STATE", message: "The user is not banned.")
        }
        try await memberships.set(.leave, asked, by: request.caller)
        return EmptyObject()
    }
}
