import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// The caller's tags of a room: `GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags` (spec v1.19, "Room Tagging").
struct ListTags: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags")

    let tags: RoomTags

    /// - Throws: `M_FORBIDDEN` for another user's.
    func respond(to request: UserRequest) async throws -> JSONObject {
        ["tags": .object(try await tags.list(try RoomTags.Path(request)))]
    }
}
