import HTTPServer
import Identifiers
import MatrixHTTP

/// Invites a user: `POST /_matrix/client/v3/rooms/{roomId}/invite` (spec v1.19, "Joining rooms").
struct InviteUser: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/invite", cost: .write)

    let memberships: MembershipWriter
    let server: ServerName
    let inviteGuard: InviteGuard

    /// - Throws: `M_FORBIDDEN` when the caller may not invite, or the user is banned or in the room already,
    ///   `M_INVITE_BLOCKED` when they take no invites of the caller's.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let body = BodyFields(try request.jsonBody())
        guard !body.has("medium") else {
            throw MatrixError(
                status: 403, errcode: "M_THREEPID_DENIED", message: "This server has no identity server to invite by.")
        }
        let invited = try MembershipWriter.target(body)
        let reason = try body.string("reason")
        guard invited.server == server else { throw MatrixError.forbidden("This server does not reach other servers.") }
        try await inviteGuard.check(invited, by: request.caller, to: room)
        try await memberships.set(
            .invite, of: invited, by: request.caller, in: room, reason: reason, showsProfile: true)
        return EmptyObject()
    }
}
