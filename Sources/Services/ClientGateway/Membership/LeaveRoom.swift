import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Leaves a room or rejects an invite: `POST /_matrix/client/v3/rooms/{roomId}/leave` (spec v1.19, "Leaving rooms").
struct LeaveRoom: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/leave", cost: .write)

    let memberships: MembershipWriter
    let access: RoomAccess
    let notices: ServerNoticeRooms

    /// - Throws: `M_FORBIDDEN` when the caller is not in the room, `M_CANNOT_LEAVE_SERVER_NOTICE_ROOM` when they reject to
    ///   hear from the server.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let reason = try BodyFields(try request.optionalJSONBody()).string("reason")
        if try await notices.fetch(request.caller) == room,
            try await access.membership(of: request.caller, in: room) == .invite
        {
            throw MatrixError(
                status: 403, errcode: "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM",
                message: "Notices of the server cannot be rejected.")
        }
        try await memberships.set(.leave, of: request.caller, by: request.caller, in: room, reason: reason)
        return EmptyObject()
    }
}
