import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Points an alias to a room: `PUT /_matrix/client/v3/directory/room/{roomAlias}` (spec v1.19, "Room aliases").
struct PutAlias: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/directory/room/{roomAlias}")

    let aliases: AliasStore
    let access: RoomAccess
    let server: ServerName
    let clock: WallClock

    /// - Throws: `M_INVALID_PARAM` for another server's alias, `M_FORBIDDEN` unless the caller is in the room,
    ///   `M_UNKNOWN` (409) when the alias is taken.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let alias = try request.path("roomAlias", as: RoomAlias.self)
        let room = try BodyFields(try request.jsonBody()).requiredIdentifier("room_id", as: RoomID.self)
        guard alias.server == server else { throw MatrixError.invalidParam("The alias is another server's.") }
        try await access.demandJoined(request.caller, in: room)
        guard try await aliases.reserve(alias, for: room, by: request.caller, at: clock.now()) else {
            throw MatrixError(status: 409, errcode: "M_UNKNOWN", message: "Room alias \(alias) already exists.")
        }
        return EmptyObject()
    }
}
