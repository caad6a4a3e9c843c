import HTTPServer
import MatrixHTTP

/// Takes the file for an address that was made before: `PUT /_matrix/media/v3/upload/{serverName}/{mediaId}`.
///
/// Spec v1.19, client-server API, "Content repository".
struct UploadCreatedMedia: Endpoint {
    static let route = Route.media(
        .put, "/_matrix/media/v3/upload/{serverName}/{mediaId}", cost: .upload, bodyLimit: .upload, body: .streamed)

    let uploader: Uploader

    /// - Throws: `M_NOT_FOUND` for an address that was not made or has been given up, `M_FORBIDDEN` for another user's,
    ///   `M_CANNOT_OVERWRITE_MEDIA` when its file is there, and as ``UploadMedia``.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        try await uploader.upload(request, to: request.mediaURI())
        return EmptyObject()
    }
}
