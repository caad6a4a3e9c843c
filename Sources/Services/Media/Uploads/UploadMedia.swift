import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Takes a file: `POST /_matrix/media/v3/upload`.
///
/// Spec v1.19, client-server API, "Content repository".
struct UploadMedia: Endpoint {
    static let route = Route.media(
        .post, "/_matrix/media/v3/upload", cost: .upload, bodyLimit: .upload, body: .streamed)

    let uploader: Uploader

    /// - Throws: `M_TOO_LARGE`; `M_FORBIDDEN` or `M_USER_LIMIT_EXCEEDED` when the user may not have more;
    ///   `M_LIMIT_EXCEEDED`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        ["content_uri": .string(try await uploader.upload(request).description)]
    }
}
