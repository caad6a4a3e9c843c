import Identifiers
import MatrixHTTP

/// What a kick, a ban or its lifting names: whose membership, in which room, and why.
struct AskedMembership {
    let room: RoomID
    let target: UserID
    let reason: String?

    /// - Throws: `M_INVALID_PARAM`, `M_MISSING_PARAM`, `M_BAD_JSON` for what the request says otherwise.
    init(_ request: UserRequest) throws {
        room = try request.path("roomId", as: RoomID.self)
        let body = BodyFields(try request.jsonBody())
        target = try MembershipWriter.target(body)
        reason = try body.string("reason")
    }
}
