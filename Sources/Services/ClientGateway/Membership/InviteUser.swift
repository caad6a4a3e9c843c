import HTTPServer
import Identifiers
import MatrixHTTP

/// Invites a user: `POST /_matrix/client/v3/rooms/{roomId}/invite` (spec v1.19, "Joining rooms").
struct InviteUser: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/invite", cost: .write)

    let memberships: MembershipWriter
    let server: ServerName
    let inviteGuard: InviteGuard
    let thirdParty: ThirdPartyInviter
    let access: RoomAccess

    /// The user is named by their ID, or by an address that an identity server may know.
    ///
    /// - Throws: `M_FORBIDDEN` when the caller may not invite, or the user is banned or in the room already,
    ///   `M_INVITE_BLOCKED` when they take no invites of the caller's; for an address what the identity server refuses
    ///   with, 503 when it cannot be asked.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let body = BodyFields(try request.jsonBody())
        let reason = try body.string("reason")
        if body.has("medium") {
            try await invite(try ThirdPartyInvite(body), to: room, reason, request)
        } else {
            try await invite(try MembershipWriter.target(body), to: room, reason, request)
        }
        return EmptyObject()
    }

    private func invite(_ user: UserID, to room: RoomID, _ reason: String?, _ request: UserRequest) async throws {
        guard user.server == server else { throw MatrixError.forbidden("This server does not reach other servers.") }
        try await inviteGuard.check(user, by: request.caller, to: room)
        try await memberships.set(.invite, of: user, by: request.caller, in: room, reason: reason, showsProfile: true)
    }

    /// Nobody's mail is sent for somebody who may not invite.
    private func invite(
        _ invite: ThirdPartyInvite, to room: RoomID, _ reason: String?, _ request: UserRequest
    ) async throws {
        try await access.demandMayInvite(request.caller, to: room)
        let users = try await thirdParty.users([invite], invitedBy: request.caller)
        if let user = users[invite.address] {
            try await self.invite(user, to: room, reason, request)
        } else {
            try await thirdParty.leave(invite, to: room, by: request.caller)
        }
    }
}
