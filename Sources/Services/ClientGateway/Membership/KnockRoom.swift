import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading

/// Asks to be let into a room: `POST /_matrix/client/v3/knock/{roomIdOrAlias}` (spec v1.19, "Knocking on rooms").
struct KnockRoom: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/knock/{roomIdOrAlias}", cost: .write)

    let rooms: RoomPlacements
    let memberships: MembershipWriter
    let aliases: AliasResolver

    /// - Throws: `M_NOT_FOUND` for an unknown alias or room, `M_FORBIDDEN` when the room takes no knocks, or none of the
    ///   caller's.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let text = try request.path("roomIdOrAlias")
        let reason = try BodyFields(try request.optionalJSONBody()).string("reason")
        let room = try await aliases.room(named: text)
        guard try await rooms.find(room) != nil else {
            throw MatrixError.notFound("No server that this one can reach has the room.")
        }
        try await memberships.set(
            .knock, of: request.caller, by: request.caller, in: room, reason: reason, showsProfile: true)
        return ["room_id": .string(room.rawValue)]
    }
}
