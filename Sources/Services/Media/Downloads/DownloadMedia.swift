import HTTPServer
import MatrixHTTP

/// Serves a file: `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}`.
///
/// Spec v1.19, client-server API, "Content repository".
struct DownloadMedia: Endpoint {
    static let route = Route.media(.get, "/_matrix/client/v1/media/download/{serverName}/{mediaId}", cost: .download)

    let download: MediaDownload

    /// - Throws: `M_NOT_FOUND`, `M_NOT_YET_UPLOADED`; 502 `M_TOO_LARGE` for another server's.
    func respond(to request: UserRequest) async throws -> HTTPAnswer { try await download.answer(to: request) }
}

/// Serves a file under another name: `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}`.
///
/// Spec v1.19, client-server API, "Content repository".
struct DownloadNamedMedia: Endpoint {
    static let route = Route.media(
        .get, "/_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}", cost: .download)

    let download: MediaDownload

    /// - Throws: as ``DownloadMedia``.
    func respond(to request: UserRequest) async throws -> HTTPAnswer {
        try await download.answer(to: request, fileName: request.path("fileName"))
    }
}
