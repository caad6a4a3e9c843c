import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// Whether a room is in the directory: `GET /_matrix/client/v3/directory/list/room/{roomId}` (spec v1.19).
struct GetRoomVisibility: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/directory/list/room/{roomId}", auth: .none)

    let rooms: RoomPlacements
    let published: PublishedRooms

    /// - Throws: `M_NOT_FOUND` for a room this server does not have.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        guard try await rooms.find(room) != nil else { throw MatrixError.notFound("Room not found.") }
        return ["visibility": try await published.contains(room) ? "public" : "private"]
    }
}
