import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// The rooms the caller is in: `GET /_matrix/client/v3/joined_rooms` (spec v1.19, "Room membership").
struct ListJoinedRooms: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/joined_rooms")

    let access: RoomAccess

    func respond(to request: UserRequest) async throws -> JSONObject {
        let rooms = try await access.joinedRooms(of: request.caller)
        return ["joined_rooms": .array(rooms.map { .string($0.rawValue) })]
    }
}
