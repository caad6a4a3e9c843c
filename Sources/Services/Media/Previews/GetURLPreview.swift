import HTTPServer
import MatrixHTTP

/// Tells what a link leads to: `GET /_matrix/client/v1/media/preview_url`.
///
/// Spec v1.19, client-server API, "Content repository".
struct GetURLPreview: Endpoint {
    static let route = Route.media(.get, "/_matrix/client/v1/media/preview_url", cost: .outbound)

    let previews: LinkPreviews

    /// - Throws: `M_INVALID_PARAM` for what is no web address; 502 `M_UNKNOWN` when it cannot be looked at;
    ///   `M_LIMIT_EXCEEDED`.
    func respond(to request: UserRequest) async throws -> JSONBytes { try await previews.answer(to: request) }
}

/// The same for clients of older versions: `GET /_matrix/media/v3/preview_url`.
///
/// Spec v1.19, client-server API, "Content repository", deprecated.
struct GetOlderURLPreview: Endpoint {
    static let route = Route.media(.get, "/_matrix/media/v3/preview_url", cost: .outbound)

    let previews: LinkPreviews

    /// - Throws: as ``GetURLPreview``.
    func respond(to request: UserRequest) async throws -> JSONBytes { try await previews.answer(to: request) }
}
