import HTTPServer
import MatrixHTTP

/// Removes a tag: `DELETE /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}` (spec v1.19, "Room Tagging").
struct DeleteTag: Endpoint {
    static let route = Route.client(
        .delete, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}", cost: .write)

    let tags: RoomTags

    /// - Throws: `M_FORBIDDEN` for another user's, `M_INVALID_PARAM` for a bad tag.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let path = try RoomTags.Path(request)
        let tag = try RoomTags.tag(request)
        try await tags.change(tag, to: nil, path)
        return EmptyObject()
    }
}
