import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// This server's aliases of a room: `GET /_matrix/client/v3/rooms/{roomId}/aliases` (spec v1.19, "Room aliases").
struct ListRoomAliases: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/aliases")

    let aliases: AliasStore
    let access: RoomAccess

    /// - Throws: `M_FORBIDDEN` unless the caller is in the room or anybody may read it.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        if try await access.membership(of: request.caller, in: room) != .join {
            guard try await access.isWorldReadable(room) else {
                throw MatrixError.forbidden("You are not in this room.")
            }
        }
        let list = try await aliases.list(of: room)
        return ["aliases": .array(list.map { .string($0.rawValue) })]
    }
}
