import HTTPServer
import MatrixHTTP

/// Tags a room: `PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}` (spec v1.19, "Room Tagging").
struct SetTag: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}", cost: .write, bodyLimit: .event)

    let tags: RoomTags

    /// - Throws: `M_FORBIDDEN` for another user's, `M_INVALID_PARAM` for a bad tag, `M_BAD_JSON` for an `order` that is no
    ///   number, `M_TOO_LARGE`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let path = try RoomTags.Path(request)
        let tag = try RoomTags.tag(request)
        let content = try request.jsonBody()
        switch content["order"] {
        case nil, .int?, .double?: break
        default: throw MatrixError.badJSON("'order' must be a number.")
        }
        // The writer bounds all tags of the room; what is too large alone need not travel.
        try AccountDataLimits.check(content)
        try await tags.change(tag, to: content, path)
        return EmptyObject()
    }
}
