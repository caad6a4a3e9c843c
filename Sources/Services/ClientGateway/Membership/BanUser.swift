import HTTPServer
import Identifiers
import MatrixHTTP

/// Bans a user from a room: `POST /_matrix/client/v3/rooms/{roomId}/ban` (spec v1.19, "Banning users in a room").
struct BanUser: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/ban", cost: .write)

    let memberships: MembershipWriter

    /// - Throws: `M_FORBIDDEN` when the caller is not in the room or their power does not suffice.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let body = BodyFields(try request.jsonBody())
        let target = try MembershipWriter.target(body)
        let reason = try body.string("reason")
        try await memberships.set(.ban, of: target, by: request.caller, in: room, reason: reason)
        return EmptyObject()
    }
}
