import HTTPServer
import MatrixHTTP

/// Bans a user from a room: `POST /_matrix/client/v3/rooms/{roomId}/ban` (spec v1.19, "Banning users in a room").
struct BanUser: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/ban", cost: .write)

    let memberships: MembershipWriter

    /// - Throws: `M_FORBIDDEN` when the caller is not in the room or their power does not suffice.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let asked = try AskedMembership(request)
        try await memberships.set(.ban, asked, by: request.caller)
        return EmptyObject()
    }
}
