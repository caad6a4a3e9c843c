import HTTPServer
import MatrixHTTP

// The old endpoints need no token. As the spec wants it they are frozen: they serve what is from before media needed one,
// which this server never made and an import may bring, and say of everything else that it is not there. For the sake of
// clients that know nothing else a server may serve everything so.

/// Serves an old file to anybody: `GET /_matrix/media/v3/download/{serverName}/{mediaId}`.
///
/// Spec v1.19, client-server API, "Content repository", deprecated.
struct DownloadOpenMedia: Endpoint {
    static let route = Route.media(
        .get, "/_matrix/media/v3/download/{serverName}/{mediaId}", cost: .download, auth: .none)

    let download: MediaDownload

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        try await download.answer(to: request, isOpenOnly: true)
    }
}

/// The same under another name: `GET /_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}`.
///
/// Spec v1.19, client-server API, "Content repository", deprecated.
struct DownloadNamedOpenMedia: Endpoint {
    static let route = Route.media(
        .get, "/_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}", cost: .download, auth: .none)

    let download: MediaDownload

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        try await download.answer(to: request, fileName: request.path("fileName"), isOpenOnly: true)
    }
}
