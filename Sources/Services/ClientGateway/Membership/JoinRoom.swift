import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading

/// Joins a room by ID: `POST /_matrix/client/v3/rooms/{roomId}/join` (spec v1.19, "Joining rooms").
struct JoinRoom: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/join", cost: .write)

    let joiner: Joiner

    /// - Throws: `M_NOT_FOUND` for an unknown room, `M_FORBIDDEN` when the room's rules do not let the caller in.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        let body = BodyFields(try request.optionalJSONBody())
        return try await joiner.join(room, request, body: body)
    }
}

/// Joins a room by ID or alias: `POST /_matrix/client/v3/join/{roomIdOrAlias}` (spec v1.19, "Joining rooms").
struct JoinRoomByAlias: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/join/{roomIdOrAlias}", cost: .write)

    let joiner: Joiner
    let aliases: AliasResolver

    /// - Throws: `M_NOT_FOUND` for an unknown alias or room, `M_FORBIDDEN` when its rules do not let the caller in.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let text = try request.path("roomIdOrAlias")
        let body = BodyFields(try request.optionalJSONBody())
        let room = try await aliases.room(named: text)
        return try await joiner.join(room, request, body: body)
    }
}

/// What both ways of joining do.
struct Joiner: Sendable {
    let rooms: RoomPlacements
    let memberships: MembershipWriter
    let restricted: RestrictedJoin
    let succession: RoomSuccession
    let thirdParty: ThirdPartyJoin
    let joinGuard: JoinGuard

    func join(_ room: RoomID, _ request: UserRequest, body: BodyFields) async throws -> JSONObject {
        let caller = request.caller
        let reason = try body.string("reason")
        let proof = try ThirdPartyJoin.Proof(body, of: caller)
        guard try await rooms.find(room) != nil else {
            throw MatrixError.notFound("No server that this one can reach has the room.")
        }
        try await joinGuard.check(request, room)
        if let proof { try await thirdParty.invite(caller, to: room, by: proof) }
        let extra = try await restricted.authorisation(for: caller, in: room)
        try await memberships.set(
            .join, of: caller, by: caller, in: room, reason: reason, showsProfile: true, extra: extra)
        await succession.carry(caller, into: room)
        return ["room_id": .string(room.rawValue)]
    }
}
